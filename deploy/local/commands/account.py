"""Signing in and out, and the second factor of one's own account."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from deploy.local import asking
from deploy.local.commands.options import HomeOption, JsonOption, UrlOption
from deploy.local.commands.users import LoginArgument, StdinOption, said
from deploy.local.console import Output
from deploy.local.failures import Failure

app = typer.Typer()
second_factor = typer.Typer(
    help="The codes of an authenticator app, beside your password.", no_args_is_help=True
)

CodeOption = Annotated[
    str | None, typer.Option("--code", help="A code of your authenticator app, or a recovery code.")
]
_PATH = "/auth/second-factor"


@app.command()
def login(
    login: LoginArgument,
    password_stdin: StdinOption = False,
    code: CodeOption = None,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Sign in: what follows is done as this person, until `sluice logout`."""
    from deploy.local import reach

    output = Output(as_json=json)
    body = {"login": login, "password": asking.password(password_stdin, "Password"), "code": code}
    with reach.anonymous(reach.home_at(home), url) as gateway:
        tokens = _with_code(gateway, "/auth/login", body)
        reach.kept().put(gateway.url, login, tokens)
    output.emit({"login": login, "url": gateway.url}) if json else output.line(f"signed in as {login}")


@app.command()
def logout(home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """Sign out, here and at the gateway."""
    from deploy.local import reach

    output, where = Output(as_json=json), reach.home_at(home)
    address = reach.address(where, url)
    session = reach.kept().get(address)
    if session is not None:
        try:
            with reach.gateway(where, url) as gateway:
                gateway.post("/auth/logout")
        finally:
            reach.kept().drop(address)
    was = session["login"] if session else None
    output.emit({"signed_out": was}) if json else output.line(
        f"signed out {was}" if was else "nobody was signed in"
    )


@app.command()
def whoami(home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """Say who commands are done as, and what they may do."""
    from deploy.local import reach

    output, where = Output(as_json=json), reach.home_at(home)
    with reach.gateway(where, url) as gateway:
        who = gateway.get("/auth/whoami")
        account = None if who["id"] == "admin" else gateway.get("/users/me")
    if json:
        output.emit({**who, "account": account})
    else:
        shown = said(account) if account else {"login": "nobody: this is the administrator's token"}
        output.pairs({**shown, "may": ", ".join(who["permissions"])})


@app.command("new-password")
def new_password(
    reset: Annotated[str, typer.Argument(help="What an administrator gave you.", metavar="RESET")],
    password_stdin: StdinOption = False,
    code: CodeOption = None,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Set a new password in place of one that is forgotten; all your sessions end."""
    from deploy.local import reach

    output = Output(as_json=json)
    new = asking.password(password_stdin, "New password", twice=True)
    with reach.anonymous(reach.home_at(home), url) as gateway:
        _with_code(gateway, "/auth/password-reset", {"reset": reset, "new": new, "code": code})
    output.emit({"done": True}) if json else output.line("done: sign in with it")


@second_factor.command()
def status(home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """Say whether you have one, and how many recovery codes are left."""
    from deploy.local import reach

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        found = gateway.get(_PATH)
    if json:
        output.emit(found)
    else:
        left = f"on, {found['recovery_codes']} recovery codes left"
        output.line(left if found["on"] else "off: see `sluice second-factor on`")


@second_factor.command()
def on(home: HomeOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """Set one up: scan the picture with the app, type its code, and keep the recovery codes."""
    from deploy.local import reach

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        offer = _offer(gateway)
        _show(offer)
        made = gateway.put(_PATH, {"offer": offer["offer"], "code": asking.code()})
    if json:
        output.emit(made)
        return
    output.line("On from now on. Keep these: each opens your account once, when the app is lost.")
    for each in made["recovery_codes"]:
        output.line(f"  {each}")


@second_factor.command()
def off(
    code: CodeOption = None, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False
) -> None:
    """Give yours up: it takes a code of it."""
    from deploy.local import reach

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        gateway.post(f"{_PATH}/removal", {"code": code or asking.code()})
    output.emit({"on": False}) if json else output.line("off")


def _with_code(gateway: Any, path: str, body: dict[str, Any]) -> Any:
    """What is answered; a code is asked for where one is needed."""
    try:
        return gateway.post(path, body)
    except Failure as failure:
        if failure.problem != "second-factor-needed":
            raise
        return gateway.post(path, {**body, "code": asking.code()})


def _offer(gateway: Any) -> dict[str, Any]:
    """An offer; who signed in long ago shows their password first."""
    try:
        found = gateway.post(_PATH)
    except Failure as failure:
        if failure.problem != "prove-it":
            raise
        found = gateway.post(_PATH, {"current": asking.password(False, "Password")})
    return dict(found)


def _show(offer: dict[str, Any]) -> None:
    """On standard error: it is for the eyes, whatever is piped on."""
    import segno

    segno.make(offer["uri"]).terminal(out=sys.stderr, compact=True)
    typer.echo(f"Or type this into the app: {offer['secret']}", err=True)
