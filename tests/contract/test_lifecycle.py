"""`sluice storage lifecycle` against an S3 that keeps such rules."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from deploy.local.settings import ROOT
from tests.moto_server import BUCKET, KEYS, Moto, moto_server

THEIRS = {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 1}}


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    with moto_server() as running:
        yield running


def lifecycle(moto: Moto, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    where = {"SLUICE_BLOBS": f"s3://{BUCKET}/media", "SLUICE_S3_ENDPOINT": moto.endpoint}
    env = {**os.environ, **KEYS, **where, "SLUICE_S3_REGION": "us-east-1", **more}
    command = [sys.executable, "-m", "deploy.local", "storage", "lifecycle", *words]
    return subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False
    )


def kept(moto: Moto) -> dict[str, Any]:
    found = moto.client().get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    return {each["ID"]: each for each in found}


def test_rules_are_shown_tried_out_and_applied_beside_those_of_others(moto: Moto) -> None:
    shown = lifecycle(moto, "show")
    assert (shown.returncode, "no lifecycle rules" in shown.stderr) == (0, True), shown.stderr
    moto.client().put_bucket_lifecycle_configuration(
        Bucket=BUCKET, LifecycleConfiguration={"Rules": [THEIRS]}
    )

    classes = {"SLUICE_S3_ARCHIVE_CLASS": "GLACIER_IR"}
    words = ("apply", "--archive-days", "90", "--noncurrent-days", "30")
    tried = lifecycle(moto, *words, "--dry-run", **classes)
    assert "+ sluice media/ archive: below media/raw/, to GLACIER_IR after 90 days" in tried.stdout, (
        tried.stderr
    )
    assert kept(moto).keys() == {"logs"}

    assert lifecycle(moto, *words, **classes).returncode == 0
    found = kept(moto)
    assert found["logs"]["Expiration"] == {"Days": 1}
    assert found["sluice media/ archive"]["Transitions"] == [{"Days": 90, "StorageClass": "GLACIER_IR"}]
    abort = found["sluice media/ abort"]["AbortIncompleteMultipartUpload"]
    assert abort == {"DaysAfterInitiation": 7}
    assert found["sluice media/ noncurrent"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}

    again = orjson.loads(lifecycle(moto, *words, "--json", **classes).stdout)
    assert (again["added"], again["removed"]) == ([], [])
    assert lifecycle(moto, "apply").returncode == 0
    assert kept(moto).keys() == {"logs", "sluice media/ abort", "sluice media/ passing"}
    assert "sluice media/ abort (ours" in lifecycle(moto, "show").stdout


def test_what_is_missing_is_said_with_what_to_set(moto: Moto) -> None:
    without = lifecycle(moto, "apply", "--archive-days", "9")
    assert (without.returncode, "SLUICE_S3_ARCHIVE_CLASS" in without.stderr) == (2, True)
    nowhere = lifecycle(moto, "show", SLUICE_BLOBS="file:///tmp/blobs")
    assert (nowhere.returncode, "s3://bucket/prefix" in nowhere.stderr) == (2, True)
    gone = lifecycle(moto, "show", SLUICE_BLOBS="s3://nobodys/media")
    assert (gone.returncode != 0, "Traceback" in gone.stderr) == (True, False), gone.stderr
