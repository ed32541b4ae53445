"""People with accounts, on two replicas over real Kafka and a real database: one heeds what the other did."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest

from deploy.local.settings import ROOT
from deploy.local.stack import Stack
from schemas.events import new_id
from tests.client import Client, until
from tests.clips import clip as make_clip

PASSWORD = "a password for tests"


class Replicas:
    """Both gateways of one stack, and people to sign in to them."""

    def __init__(self, stack: Stack) -> None:
        self.one, self.other = (httpx.Client(base_url=url, timeout=60) for url in stack.endpoints.urls)
        self.admin = {"Authorization": f"Bearer {stack.token}"}

    def person(self, role: str = "viewer") -> tuple[str, str]:
        """Someone new: their id and what they sign in as."""
        login = f"p{new_id().replace('-', '')[-12:]}"
        body = {"login": login, "password": PASSWORD, "role": role, "email": f"{login}@example.org"}
        answer = self.one.post("/api/v1/users", json=body, headers=self.admin)
        assert answer.status_code == 201, answer.text
        return answer.json()["user"]["id"], login

    def sign_in(self, login: str, at: httpx.Client | None = None) -> dict[str, Any]:
        """Someone's tokens. A replica that has not heard of them yet will have in a moment."""

        def tries() -> dict[str, Any] | None:
            body = {"login": login, "password": PASSWORD}
            answer = (at or self.one).post("/api/v1/auth/login", json=body)
            return answer.json() if answer.status_code == 200 else None

        return until(tries, "someone to be let in", 10)


@pytest.fixture(scope="module")
def replicas(stack: Stack) -> Replicas:
    return Replicas(stack)


def bearing(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def renewed(at: httpx.Client, refresh_token: str) -> httpx.Response:
    return at.post("/api/v1/auth/refresh", json={"refresh_token": refresh_token})


def heeded(does: Callable[[], Any], holds: Callable[[], bool]) -> None:
    """What was done on one replica is heeded by the other, which is not told of it but by the log."""
    does()
    until(lambda: holds() or None, "the other replica to heed it", 10)


def status(client: httpx.Client, tokens: dict[str, Any], path: str = "/api/v1/media") -> int:
    return client.get(path, headers=bearing(tokens)).status_code


def test_a_session_of_one_replica_is_good_at_the_other_until_it_is_ended(replicas: Replicas) -> None:
    _, login = replicas.person()
    tokens = replicas.sign_in(login)
    assert [status(replicas.one, tokens), status(replicas.other, tokens)] == [200, 200]
    heeded(
        lambda: replicas.one.post("/api/v1/auth/logout", headers=bearing(tokens)),
        lambda: status(replicas.other, tokens) == 401,
    )
    assert status(replicas.one, tokens) == 401


def test_someone_who_is_disabled_is_out_everywhere(replicas: Replicas) -> None:
    id, login = replicas.person()
    tokens = replicas.sign_in(login, replicas.other)
    path, order = f"/api/v1/users/{id}", {"state": "disabled"}
    heeded(
        lambda: replicas.one.patch(path, json=order, headers=replicas.admin),
        lambda: status(replicas.other, tokens) == 401,
    )


def test_a_role_and_a_key_are_in_force_everywhere(replicas: Replicas) -> None:
    id, login = replicas.person("editor")
    tokens = replicas.sign_in(login)
    body = {"name": "k", "scopes": ["media:read"]}
    made = replicas.one.post("/api/v1/keys", json=body, headers=bearing(tokens)).json()
    key = {"access_token": made["key"]}
    until(lambda: status(replicas.other, key) == 200 or None, "the other replica to know the key", 10)
    heeded(
        lambda: replicas.one.delete(f"/api/v1/keys/{made['id']}", headers=bearing(tokens)),
        lambda: status(replicas.other, key) == 401,
    )

    def makes_a_library() -> int:
        body = {"name": "x"}
        return replicas.other.post("/api/v1/libraries", json=body, headers=bearing(tokens)).status_code

    heeded(
        lambda: replicas.one.patch(f"/api/v1/users/{id}", json={"role": "viewer"}, headers=replicas.admin),
        lambda: makes_a_library() == 403,
    )


def test_a_refresh_token_is_good_once_for_both(replicas: Replicas) -> None:
    """The second use comes after the moment in which two tabs may meet: it ends the session everywhere."""
    _, login = replicas.person()
    first = replicas.sign_in(login)
    second = renewed(replicas.other, first["refresh_token"])
    assert second.status_code == 200, second.text
    again = renewed(replicas.one, first["refresh_token"])
    assert again.json()["refresh_token"] == second.json()["refresh_token"], "two tabs at one moment"
    third = renewed(replicas.one, second.json()["refresh_token"])
    assert third.status_code == 200, third.text
    assert renewed(replicas.other, first["refresh_token"]).status_code == 401, (
        "two uses ago: no tab does that"
    )
    until(lambda: status(replicas.one, third.json()) == 401 or None, "the session to be ended", 10)
    assert renewed(replicas.one, third.json()["refresh_token"]).status_code == 401


def test_a_film_is_seen_by_those_who_may_and_its_owner_hears_who_watches_at_another_replica(
    replicas: Replicas, client: Client, clips: Path
) -> None:
    _, ada = replicas.person("editor")
    bob_id, bob = replicas.person("viewer")
    hers, his = replicas.sign_in(ada), replicas.sign_in(bob, replicas.other)
    with make_clip(clips / "shared.mp4", seconds=2).open("rb") as file:
        film = replicas.one.post("/api/v1/media?name=shared.mp4", content=file, headers=bearing(hers)).json()[
            "media"
        ]["id"]
    client.until_media(film, "ready")
    path = f"/api/v1/media/{film}"
    assert [status(replicas.other, hers, path), status(replicas.other, his, path)] == [200, 404]
    order = {"access": {f"user:{bob_id}": "view"}}
    answer = replicas.one.put(f"{path}/access", json=order, headers=bearing(hers))
    assert answer.status_code == 202, answer.text
    until(lambda: status(replicas.other, his, path) == 200 or None, "Bob to see it", 10)
    listed = replicas.other.get("/api/v1/media", headers=bearing(his)).json()["items"]
    assert [item["id"] for item in listed] == [film]
    wanted = {"topic": "playback.changed", "media_id": film}
    with replicas.one.stream("GET", "/api/v1/events", params=wanted, headers=bearing(hers)) as notices:
        lines = notices.iter_lines()
        assert "following" in next(lines)
        playback = replicas.other.post(f"{path}/playback", json={"abilities": {}}, headers=bearing(his))
        assert playback.status_code == 200, playback.text
        notice = json.loads(next(line for line in lines if line.startswith("data:"))[5:])
    assert (notice["state"], notice["viewer_id"], notice["media_id"]) == ("started", bob_id, film)


def test_a_budget_holds_for_both_replicas_together(replicas: Replicas) -> None:
    id, login = replicas.person()
    hers = bearing(replicas.sign_in(login))
    order = {"requests": "10/1d"}
    given = replicas.one.put(f"/api/v1/users/{id}/limits", json=order, headers=replicas.admin)
    assert given.status_code == 202, given.text

    def limit() -> str:
        path = f"/api/v1/users/{id}/limits"
        shown = replicas.other.get(path, headers=replicas.admin).json()
        return str(shown["limits"]["requests"]["limit"])

    until(lambda: limit() == "10/1d" or None, "the other replica to know the budget", 10)
    answers = [
        at.get("/api/v1/auth/whoami", headers=hers) for _ in range(8) for at in (replicas.one, replicas.other)
    ]
    assert sum(answer.status_code == 200 for answer in answers) <= 10
    assert {answer.status_code for answer in answers[-4:]} == {429}
    assert answers[-1].json()["limit"] == "10/1d"


def test_a_command_sent_to_both_replicas_is_done_once(replicas: Replicas) -> None:
    key = {"Idempotency-Key": new_id(), **replicas.admin}
    params, content = {"name": "once.txt"}, new_id().encode()
    first = replicas.one.post("/api/v1/media", params=params, content=content, headers=key)
    again = replicas.other.post("/api/v1/media", params=params, content=content, headers=key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"


def test_what_is_personal_is_nowhere_on_the_disk_of_kafka(stack: Stack, replicas: Replicas) -> None:
    id, login = replicas.person()
    found = subprocess.run(
        ["grep", "-rlaE", f"{login}|{PASSWORD}", str(stack.home.kafka)], capture_output=True, text=True
    )
    assert found.stdout == ""
    known = subprocess.run(["grep", "-rla", id, str(stack.home.kafka)], capture_output=True, text=True)
    assert known.stdout, "or the search would find nothing whatever there was"


@pytest.fixture
def sluice(stack: Stack, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command, with a configuration folder of its own."""

    def run(*arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deploy.local", *arguments, "--home", str(stack.home.root)],
            input=said,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path)},
            timeout=120,
        )

    return run


def test_the_command_makes_people_and_acts_as_them(
    sluice: Callable[..., subprocess.CompletedProcess[str]], replicas: Replicas, tmp_path: Path
) -> None:
    login = f"c{new_id().replace('-', '')[-12:]}"
    made = sluice("user", "add", login, "--role", "viewer", "--password-stdin", said=PASSWORD + "\n")
    assert made.returncode == 0, made.stderr
    assert sluice("login", login, "--password-stdin", said="wrong\n").returncode == 6
    assert sluice("login", login, "--password-stdin", said=PASSWORD + "\n").returncode == 0
    (kept,) = tmp_path.rglob("sessions.json")
    assert kept.stat().st_mode & 0o777 == 0o600
    who = json.loads(sluice("whoami", "--json").stdout)
    assert (who["account"]["login"], who["role"]) == (login, "viewer")
    refused = sluice("user", "list")
    assert (refused.returncode, "users:read" in refused.stderr) == (6, True)
    session = next(iter(json.loads(kept.read_text()).values()))
    old = {**session, "renew_at": 0}
    kept.write_text(json.dumps(dict.fromkeys(json.loads(kept.read_text()), old)))
    assert sluice("whoami").returncode == 0
    renewed = next(iter(json.loads(kept.read_text()).values()))
    assert renewed["refresh_token"] != session["refresh_token"]
    assert sluice("logout").returncode == 0
    assert status(replicas.one, renewed) == 401
    assert json.loads(sluice("whoami", "--json").stdout)["id"] == "admin"


def set_up_at_a_terminal(stack: Stack, tmp_path: Path) -> tuple[str, list[str]]:
    """Does what `sluice second-factor on` says; the app's secret, and the recovery codes."""
    ours, theirs = pty.openpty()
    with (
        subprocess.Popen(
            [sys.executable, "-m", "deploy.local", "second-factor", "on", "--home", str(stack.home.root)],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path)},
        ) as command,
        os.fdopen(ours, "w") as keyboard,
    ):
        assert command.stderr is not None
        drawn: list[str] = []
        while not (line := command.stderr.readline()).startswith("Or type"):
            assert line, drawn
            drawn.append(line)
        assert len(drawn) > 10, "there is a picture for the app"
        secret = line.rpartition(" ")[2].strip()
        keyboard.write(f"{pyotp.TOTP(secret).now()}\n")
        keyboard.flush()
        said, _ = command.communicate(timeout=120)
    os.close(theirs)
    assert command.returncode == 0
    return secret, [line.strip() for line in said.splitlines() if line.startswith("  ")]


def test_a_second_factor_is_set_up_at_the_terminal_and_asked_for_at_any_replica(
    sluice: Callable[..., subprocess.CompletedProcess[str]], stack: Stack, replicas: Replicas, tmp_path: Path
) -> None:
    login = f"s{new_id().replace('-', '')[-12:]}"
    sluice("user", "add", login, "--password-stdin", said=PASSWORD + "\n")
    sign_in = ("login", login, "--password-stdin")
    assert sluice(*sign_in, said=PASSWORD + "\n").returncode == 0
    secret, codes = set_up_at_a_terminal(stack, tmp_path)
    assert len(codes) == 10
    body = {"login": login, "password": PASSWORD}

    def refusal(at: httpx.Client, **said: str) -> str | None:
        found: str | None = at.post("/api/v1/auth/login", json={**body, **said}).json().get("code")
        return found

    for replica in (replicas.one, replicas.other):
        until(partial(lambda at: refusal(at) == "second-factor-needed", replica), "a code to be asked for")
    refused = sluice(*sign_in, said=PASSWORD + "\n")
    assert (refused.returncode, "--code" in refused.stderr) == (2, True)
    assert sluice(*sign_in, "--code", codes[0], said=PASSWORD + "\n").returncode == 0
    until(lambda: "9 recovery codes left" in sluice("second-factor", "status").stdout, "one to be used")
    until(lambda: refusal(replicas.other, code=codes[0]) == "wrong-code", "it to be known as used")
    coming = pyotp.TOTP(secret).at(time.time(), counter_offset=1)
    assert [refusal(each, code=coming) for each in (replicas.one, replicas.other)] == [None, "wrong-code"]
    assert sluice("second-factor", "off", "--code", codes[1]).returncode == 0
    until(lambda: sluice(*sign_in, said=PASSWORD + "\n").returncode == 0, "the password to be enough")


def test_a_forgotten_password_is_set_anew_at_the_command(
    sluice: Callable[..., subprocess.CompletedProcess[str]], replicas: Replicas
) -> None:
    _, login = replicas.person()
    new = "quite another password"
    until(lambda: login in sluice("user", "list", "--limit", "1000").stdout, "the account to be listed")
    reset = sluice("user", "reset", login).stdout.strip()
    for returncode in (0, 6):
        done = sluice("new-password", reset, "--password-stdin", said=new + "\n")
        assert done.returncode == returncode, done.stderr
    assert sluice("login", login, "--password-stdin", said=PASSWORD + "\n").returncode == 6
    assert sluice("login", login, "--password-stdin", said=new + "\n").returncode == 0
