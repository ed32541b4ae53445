"""Processes behind the gateway whose settings can't work end at once, and name the setting."""

from __future__ import annotations

import os
import subprocess
import sys

from deploy.local.settings import ROOT


def test_a_worker_that_cannot_check_kafka_does_not_start() -> None:
    told = {**os.environ, "SLUICE_KAFKA_CA_FILE": "/no/such/file", "SLUICE_LOG": "console"}
    done = subprocess.run(
        [sys.executable, "-m", "processors", "worker"],
        cwd=ROOT,
        env=told,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert "SLUICE_KAFKA_CA_FILE: no certificates can be read from /no/such/file" in done.stdout + done.stderr
