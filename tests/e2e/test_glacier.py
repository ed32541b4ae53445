"""A class of storage from which a restore has to be asked for, on a whole stack: moto's server keeps it."""

from __future__ import annotations

from pathlib import Path

from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.stack import Stack
from tests.client import Client
from tests.clips import clip
from tests.moto_server import BUCKET, KEYS, Moto, moto_server
from tests.watching import watched


def test_what_has_to_be_asked_back_says_so_plays_what_was_made_and_comes_back(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.mp4", seconds=2, size="426x240")
    with moto_server() as moto:
        reached = {"SLUICE_S3_ENDPOINT": moto.endpoint, "AWS_DEFAULT_REGION": "us-east-1", **KEYS}
        kept = {"SLUICE_BLOBS": f"s3://{BUCKET}/media", "SLUICE_S3_ARCHIVE_CLASS": "GLACIER"}
        with Stack.start(Home(tmp_path / "home"), Options(port=8760, env=kept | reached)) as stack:
            client = Client(str(stack.url), stack.token)
            said = client.upload(film, profile="preview")
            id = said["media"]["id"]
            client.until_job(said["job"]["id"], "completed")
            path = f"/api/v1/media/{id}"

            asked(client, f"{path}/archive")
            archived = client.get(path)["archived"]
            assert (archived["storage"], archived["readable"]) == ("GLACIER", False)
            assert classes(moto) == {"GLACIER"}
            with client.http as http:
                new = http.post(f"{path}/transcode", json={"profile": "web"})
                for refused in (http.get(f"{path}/content"), new):
                    assert (refused.status_code, refused.json()["code"]) == (409, "archived")
            viewer = watched(client, id, profile="preview", method="transcode")
            assert viewer.fetch(viewer.master().variants[0].uri).segments

            asked(client, f"{path}/unarchive")
            assert client.get(path)["archived"] is None
            assert classes(moto) == {"STANDARD"}
            sent = client.download(f"{path}/content", tmp_path / "back.mp4")
            assert sent.read_bytes() == film.read_bytes()


def asked(client: Client, path: str) -> None:
    """What a chore of one medium came to, once it is through."""
    answer = client.post(path)
    assert answer.status_code == 202, answer.text
    client.until_job(answer.json()["job"]["id"], "completed")


def classes(moto: Moto) -> set[str]:
    """In which the sources are."""
    found = moto.client().list_objects_v2(Bucket=BUCKET, Prefix="media/raw/")["Contents"]
    return {each["StorageClass"] for each in found}
