"""The accounts of others."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from deploy.local import asking
from deploy.local.commands.options import HomeOption, JsonOption, LimitOption, UrlOption
from deploy.local.console import Output
from deploy.local.failures import Exit, Failure

users = typer.Typer(help="Accounts: who may come in, and what they may do.", no_args_is_help=True)

LoginArgument = Annotated[str, typer.Argument(help="A name or e-mail address.", metavar="LOGIN")]
RoleOption = Annotated[str, typer.Option("--role", "-r", help="admin, editor, viewer or service.")]
StdinOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input: for scripts.")
]


@users.command("list")
def list_(
    role: Annotated[str | None, typer.Option("--role", "-r", help="Only those of this role.")] = None,
    limit: LimitOption = 50,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """List accounts, the newest first."""
    from deploy.local import reach

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        items = list(gateway.pages("/users", limit, role=role))
    if not output.emit_all(items):
        rows = [
            (i["login"] or i["id"], i["role"], i["state"], ", ".join(i["groups"]), i["email"] or "")
            for i in items
        ]
        output.table(("LOGIN", "ROLE", "STATE", "GROUPS", "~E-MAIL"), rows)


@users.command()
def add(
    login: LoginArgument,
    role: RoleOption = "viewer",
    email: Annotated[str | None, typer.Option("--email", help="Their e-mail address.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="What they are called.")] = None,
    password_stdin: StdinOption = False,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Make an account for someone."""
    from deploy.local import reach

    output = Output(as_json=json)
    body = {"login": login, "role": role, "email": email, "name": name}
    body["password"] = asking.password(password_stdin, f"Password for {login}", twice=True)
    with reach.gateway(reach.home_at(home), url) as gateway:
        made = gateway.post("/users", body)["user"]
    output.emit(made) if json else output.line(f"{login} may sign in now, as {made['role']}")


@users.command()
def show(
    login: LoginArgument, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False
) -> None:
    """Show an account."""
    from deploy.local import reach

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        found = _find(gateway, login)
    output.emit(found) if json else output.pairs(said(found))


@users.command("set")
def set_(
    login: LoginArgument,
    role: Annotated[
        str | None, typer.Option("--role", "-r", help="admin, editor, viewer or service.")
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option("--group", "-g", help="The groups they are in; give it for each of them."),
    ] = None,
    no_groups: Annotated[bool, typer.Option("--no-groups", help="Take them out of all groups.")] = False,
    disable: Annotated[bool, typer.Option("--disable", help="Let them in no more; all is kept.")] = False,
    enable: Annotated[bool, typer.Option("--enable", help="Let them in again.")] = False,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Change someone's role, groups or state; it is in force at once."""
    from deploy.local import reach
    from deploy.local.client import at

    if disable and enable:
        raise Failure("say --disable or --enable, not both.", Exit.USAGE)
    order: dict[str, Any] = {}
    if role:
        order["role"] = role
    if group or no_groups:
        order["groups"] = group or []
    if disable or enable:
        order["state"] = "disabled" if disable else "active"
    if not order:
        raise Failure("say what to change: --role, --group, --disable, …", Exit.USAGE)
    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        new = gateway.patch(at("users", _find(gateway, login)["id"]), order)["user"]
    output.emit(new) if json else output.pairs(said(new))


@users.command()
def password(
    login: LoginArgument,
    password_stdin: StdinOption = False,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Give someone a new password; their sessions end."""
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    new = asking.password(password_stdin, f"New password for {login}", twice=True)
    with reach.gateway(reach.home_at(home), url) as gateway:
        found = _find(gateway, login)
        gateway.post(at("users", found["id"], "password"), {"password": new})
    output.emit({"login": login}) if json else output.line(f"{login} has a new password")


@users.command()
def reset(
    login: LoginArgument, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False
) -> None:
    """Print what lets someone set a new password, once, within a day: with `sluice new-password`."""
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        made = gateway.post(at("users", _find(gateway, login)["id"], "password-reset"))
    output.emit(made) if json else output.line(made["reset"])


@users.command("forget-second-factor")
def forget_second_factor(
    login: LoginArgument, home: HomeOption = None, url: UrlOption = None, json: JsonOption = False
) -> None:
    """Let someone in by their password alone, who has lost their app and the recovery codes."""
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        gateway.delete(at("users", _find(gateway, login)["id"], "second-factor"))
    output.emit({"login": login}) if json else output.line(f"{login} signs in by password alone now")


@users.command()
def invite(
    role: RoleOption = "viewer",
    note: Annotated[str | None, typer.Option("--note", help="Whom it is for.")] = None,
    days: Annotated[float, typer.Option("--days", help="How long it is good for.")] = 7,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Print an invitation: whoever has it may make an account, once."""
    from deploy.local import reach

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        made = gateway.post("/invitations", {"role": role, "note": note, "days": days})
    output.emit(made) if json else output.line(made["invitation"])


@users.command()
def erase(
    login: LoginArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    home: HomeOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """Erase an account: what is personal about it can't be read any more, also not in the log."""
    from deploy.local import reach
    from deploy.local.client import at

    output = Output(as_json=json)
    with reach.gateway(reach.home_at(home), url) as gateway:
        found = _find(gateway, login)
        if not yes and not asking.sure(f"Erase {login} for ever?"):
            raise Failure("nothing was erased.")
        gateway.delete(at("users", found["id"]))
    output.emit({"erased": found["id"]}) if json else output.line(f"{login} is erased")


def _find(gateway: Any, login: str) -> dict[str, Any]:
    wanted = login.casefold()
    for item in gateway.pages("/users", 100_000):
        if wanted in (item["id"], str(item["login"]).casefold(), str(item["email"]).casefold()):
            return dict(item)
    raise Failure(f"nobody signs in as {login}: see `sluice user list`.", Exit.NOT_FOUND)


def said(user: dict[str, Any]) -> dict[str, str]:
    """An account, as it is shown."""
    shown = {name: user[name] for name in ("login", "id", "name", "email", "role", "state", "created_at")}
    return {**{k: str(v) for k, v in shown.items() if v}, "groups": ", ".join(user["groups"]) or "none"}
