"""What people say of a medium, on a whole stack: said at one replica, found at any, gone with the medium."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import httpx

from tests.client import Client
from tests.clips import clip


def found(http: httpx.Client, token: str, **params: str) -> list[str]:
    """The ids that a list has once it shows what a token promises."""
    answer = http.get("/api/v1/media", params={**params, "token": token})
    assert answer.status_code == 200, answer.text
    return [media["id"] for media in answer.json()["items"]]


def test_a_medium_is_described_found_by_that_and_lost_with_it(client: Client, clips: Path) -> None:
    mark = f"zq{uuid.uuid4().hex[:10]}"
    film = clip(clips / "records.mp4", seconds=1)
    one, two = [client.upload(film, name=f"IMG {n} {mark}.mp4")["media"]["id"] for n in (1, 2)]
    with client.http as http:
        said: dict[str, Any] = {
            "title": f"Żółta łódź {mark}",
            "released": "1999",
            "custom": {"reel": 7, "0": "x", "$a.b%": 1.5},
        }
        answer = http.patch(f"/api/v1/media/{one}", json=said, headers={"If-Match": "*"})
        assert answer.status_code == 202, answer.text
        order = {"media_ids": [two, one, "nope"], "add_tags": [f"Été {mark}"]}
        bulk = http.post("/api/v1/media/bulk", json=order).json()
        assert [each["outcome"] for each in bulk["results"]] == ["changed", "changed", "refused"]
        token = bulk["token"]
        for params, wanted in (
            ({"q": f"zolt lodz {mark[:6]}"}, [one]),
            ({"q": f"img {mark}"}, [two, one]),
            ({"tag": f"ete {mark}"}, [two, one]),
            ({"tag": f"ETE {mark}", "order": "asc"}, [one, two]),
            ({"tag": f"ete {mark}", "sort": "size", "kind": "audio"}, []),
            ({"q": mark, "sort": "released"}, [one]),
        ):
            assert found(http, token, **params) == wanted, params
        read = http.get(f"/api/v1/media/{one}", params={"token": token}).json()
        assert (read["title"], read["custom"]) == (said["title"], said["custom"])
        gone = http.delete(f"/api/v1/media/{one}").json()["token"]
        assert found(http, gone, q=mark) == [two]
