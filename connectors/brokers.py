"""Where Kafka is and how it is spoken to: one value for all clients, whichever library they are of.

With an authority named, every connection is TLS, and the server's certificate and name are always checked.
The files are read for each new client: a renewed certificate counts from its next connection on.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from connectors.private_file import read_private
from connectors.tls_trouble import Trouble, trouble

Mechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]


class KafkaSecurityUnusable(ValueError):
    """What the settings say of Kafka's security can't work; the message names the setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSecurity:
    """What connections to Kafka are secured by; by nothing where no authority is named."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    """The certificate's key; in the certificate's own file where none is named."""
    user: str | None = None
    password_file: Path | None = None
    mechanism: Mechanism = "SCRAM-SHA-512"

    @property
    def protocol(self) -> str:
        """The name that Kafka has for it."""
        if self.ca_file is None:
            return "PLAINTEXT"
        return "SSL" if self.user is None else "SASL_SSL"

    def check(self) -> None:
        """Raises KafkaSecurityUnusable where something is missing or can't be read."""
        if self.ca_file is None and (self.cert_file or self.user):
            raise KafkaSecurityUnusable(
                "SLUICE_KAFKA_CERT_FILE and SLUICE_KAFKA_USER need SLUICE_KAFKA_CA_FILE: "
                "nobody is told who we are, or a password, without TLS"
            )
        if self.key_file is not None and self.cert_file is None:
            raise KafkaSecurityUnusable("SLUICE_KAFKA_KEY_FILE needs SLUICE_KAFKA_CERT_FILE")
        if (self.user is None) is not (self.password_file is None):
            raise KafkaSecurityUnusable("SLUICE_KAFKA_USER and SLUICE_KAFKA_PASSWORD_FILE need each other")
        self.context()
        self.password()

    def context(self) -> ssl.SSLContext | None:
        """What a handshake is checked by; None without TLS. Raises KafkaSecurityUnusable."""
        if self.ca_file is None:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise KafkaSecurityUnusable(
                f"SLUICE_KAFKA_CA_FILE: no certificates can be read from {self.ca_file}: {error}"
            ) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.cert_file is not None:
            self._show_ourselves(context, self.cert_file)
        return context

    def _show_ourselves(self, context: ssl.SSLContext, cert_file: Path) -> None:
        try:
            context.load_cert_chain(cert_file, self.key_file or cert_file, password=_no_password)
        except OSError as error:
            raise KafkaSecurityUnusable(
                f"SLUICE_KAFKA_CERT_FILE, SLUICE_KAFKA_KEY_FILE: no certificate with its key, "
                f"without a password, can be read from {cert_file}: {error}"
            ) from error

    def password(self) -> str | None:
        """The user's password. Raises KafkaSecurityUnusable."""
        if self.password_file is None:
            return None
        what = "password (SLUICE_KAFKA_PASSWORD_FILE)"
        return read_private(self.password_file, what, KafkaSecurityUnusable).strip()


@dataclass(frozen=True, slots=True)
class Brokers:
    """Kafka, as clients reach it."""

    bootstrap: str
    """host:port, several separated by commas."""
    security: KafkaSecurity = KafkaSecurity()

    def __str__(self) -> str:
        return self.bootstrap

    def each(self) -> list[str]:
        """The addresses, one by one."""
        return [address.strip() for address in self.bootstrap.split(",")]

    def checked(self) -> Brokers:
        """The same. Raises KafkaSecurityUnusable."""
        self.security.check()
        return self

    def aiokafka(self) -> dict[str, Any]:
        """What a client of aiokafka's is made with."""
        safe = self.security
        said: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": safe.protocol,
            "ssl_context": safe.context(),
        }
        if safe.user is not None:
            said |= {
                "sasl_mechanism": safe.mechanism,
                "sasl_plain_username": safe.user,
                "sasl_plain_password": safe.password(),
            }
        return said

    def librdkafka(self) -> dict[str, Any]:
        """What a client of confluent-kafka's is made with, in its own names."""
        safe = self.security
        said: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap,
            "log_level": 0,
            "security.protocol": safe.protocol,
            "ssl.endpoint.identification.algorithm": "https",
            "ssl.ca.location": _path(safe.ca_file),
            "ssl.certificate.location": _path(safe.cert_file),
            "ssl.key.location": _path(safe.key_file or safe.cert_file),
            "sasl.mechanism": safe.mechanism if safe.user else None,
            "sasl.username": safe.user,
            "sasl.password": safe.password(),
        }
        return {name: value for name, value in said.items() if value is not None}

    def why(self, error: object) -> str:
        """What an error of a client means: what TLS has against it, else its own words. May block."""
        match trouble(self.each()[0], self.security.context()):
            case Trouble.SPEAKS_TLS, _:
                return "it speaks TLS: SLUICE_KAFKA_CA_FILE has to name the authority of its certificate"
            case Trouble.SPEAKS_NO_TLS, _:
                return "it ends the handshake: does it speak TLS there, as SLUICE_KAFKA_CA_FILE says?"
            case Trouble.UNTRUSTED, why:
                return f"its certificate is refused ({why}): see SLUICE_KAFKA_CA_FILE"
            case Trouble.REFUSES_US, why:
                return f"it refuses us ({why}): see SLUICE_KAFKA_CERT_FILE"
        return str(error)


def mechanism_of(name: str | None) -> Mechanism:
    """The way to sign in that is called so; the default for none. Raises KafkaSecurityUnusable."""
    for known in get_args(Mechanism):
        if name in (None, "", known):
            return cast(Mechanism, known)
    raise KafkaSecurityUnusable(f"SLUICE_KAFKA_SASL is one of {', '.join(get_args(Mechanism))}")


def _path(file: Path | None) -> str | None:
    return None if file is None else str(file)


def _no_password() -> str:
    """Without this, OpenSSL asks the terminal."""
    return ""
