"""What someone may be called."""

from __future__ import annotations

import re

from email_validator import EmailNotValidError, validate_email

from gateway.auth.accounts import Personal
from gateway.errors import Invalid

_LOGIN = re.compile(r"[\w.+-]{2,64}")


def personal(login: str, email: str | None, name: str | None) -> Personal:
    """What is known of someone new. Raises Invalid."""
    login = clean_login(login)
    return Personal(login, clean_email(email or (login if "@" in login else None)), False, clean_name(name))


def clean_login(login: str) -> str:
    """A name to sign in with, or an e-mail address. Raises Invalid."""
    login = login.strip()
    if "@" in login:
        return clean_email(login) or login
    if not _LOGIN.fullmatch(login):
        raise Invalid(
            "bad-login",
            "A name has 2 to 64 letters, digits, dots, dashes and underscores; or give an address.",
        )
    return login


def clean_email(email: str | None) -> str | None:
    """An address in its usual form. Raises Invalid."""
    if email is None:
        return None
    try:
        found = validate_email(email.strip(), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise Invalid("bad-email", f"This is no e-mail address: {error}") from error
    return found.normalized


def clean_name(name: str | None) -> str | None:
    """What someone is called, on one line."""
    return " ".join(name.split()) or None if name else None
