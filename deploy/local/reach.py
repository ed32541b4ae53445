"""How a command finds its stack: the home it names, what runs there, and the way in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from connectors.brokers import Brokers
from deploy.local import readiness, state
from deploy.local.client import Gateway
from deploy.local.failures import Exit, Failure
from deploy.local.home import Home, HomeLock
from deploy.local.resuming import Begun
from deploy.local.settings import brokers as brokers_in
from deploy.local.settings import read
from deploy.local.signed_in import Kept, SessionAuth
from deploy.local.state import StackState
from deploy.local.trust import trusted_in, trusting


def home_at(path: Path | None) -> Home:
    """The home that --home names, or SLUICE_HOME, or the user's own."""
    chosen = path.expanduser() if path is not None else read().home
    return Home(chosen.resolve())


def running(home: Home) -> StackState | None:
    """What runs in a home; None where no supervisor holds it, whatever a killed one left written."""
    holder = HomeLock(home).holder()
    found = state.read(home.state_file)
    return found if found is not None and found.pid == holder else None


def expect_running(home: Home) -> StackState:
    """What runs in a home. Raises Failure where nothing does."""
    found = running(home)
    if found is None:
        raise Failure(f"no stack runs in {home.root}: start one with `sluice up`.", Exit.NOT_RUNNING)
    return found


def is_healthy(found: StackState) -> bool:
    """Whether a stack is ready and its gateways say so themselves."""
    if found.phase != state.READY:
        return False
    trusted = trusting(Path(found.ca_file) if found.ca_file else None)
    with httpx.Client(timeout=3, verify=trusted) as client:
        return all(readiness.gateway_lacks(client, url) is None for url in found.urls)


def noted(home: Home) -> tuple[tuple[str, ...], dict[str, str]]:
    """What the home's gateway says that an operator should know, and how libraries' folders are; nothing
    where it says nothing.
    """
    found = running(home)
    try:
        if found is None or found.url is None:
            return (), {}
        with gateway(home, found.url) as session:
            said = session.get("/system/status")
            return tuple(str(each["text"]) for each in said["warnings"]), dict(said.get("folders") or {})
    except (Failure, KeyError, TypeError, OSError):
        return (), {}


@contextmanager
def gateway(home: Home, url: str | None = None) -> Iterator[Gateway]:
    """A session with the gateway that --url or SLUICE_URL names, or with the home's."""
    with _session(home, address(home, url), _auth(home, address(home, url))) as session:
        yield session


@contextmanager
def anonymous(home: Home, url: str | None = None) -> Iterator[Gateway]:
    """The same, for someone who has not said who they are."""
    with _session(home, address(home, url), None) as session:
        yield session


def address(home: Home, url: str | None = None) -> str:
    """Where the gateway is. Raises Failure."""
    chosen = url or read().url or expect_running(home).url
    if chosen is None:
        raise Failure(f"the stack in {home.root} has no gateway: name one with --url.", Exit.NOT_RUNNING)
    return chosen.rstrip("/")


def kept() -> Kept:
    """The sessions that are kept on this machine."""
    return Kept(read().sessions)


def begun() -> Begun:
    """The uploads that were begun from this machine."""
    return Begun(read().sessions.with_name("uploads.json"))


@contextmanager
def _session(home: Home, url: str, auth: str | httpx.Auth | None) -> Iterator[Gateway]:
    session = Gateway(url, auth, trusted_in(home))
    try:
        yield session
    finally:
        session.close()


def _auth(home: Home, url: str) -> str | httpx.Auth:
    """SLUICE_TOKEN, else whoever has signed in, else the administrator's token of the home."""
    settings = read()
    if settings.token:
        return settings.token
    sessions = Kept(settings.sessions)
    return SessionAuth(sessions, url) if sessions.get(url) else _token(home)


def known_brokers(home: Home) -> Brokers | None:
    """Kafka, as the environment names it, or as the stack in the home has it; None where neither does."""
    found = running(home)
    return read().kafka or (brokers_in(found.told) if found else None)


def brokers(home: Home) -> Brokers:
    """The same. Raises Failure where there is none."""
    found = known_brokers(home)
    if found is None:
        expect_running(home)
        raise Failure(f"the stack in {home.root} runs no Kafka yet: try again in a moment.", Exit.NOT_RUNNING)
    return found


def _token(home: Home) -> str:
    try:
        return home.token_file.read_text().strip()
    except OSError as error:
        raise Failure(
            f"there is no token at {home.token_file}: sign in with `sluice login`, set SLUICE_TOKEN, "
            "or name the stack's --home.",
            Exit.REFUSED,
        ) from error
