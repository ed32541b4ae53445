"""What the gateway is told from outside: the only place here that reads the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from connectors.brokers import Brokers, KafkaSecurity, Mechanism
from connectors.rooted.named import folders_named
from connectors.s3.options import ARCHIVE_CLASSES, S3Options
from gateway.auth.roles import Role
from gateway.client_address import Network
from gateway.limits.budgets import Budget, Kind, read
from gateway.quotas import amounts
from gateway.signed.schemas import MOST_S

_GIB = 1024**3

_Amount = Annotated[int | None, NoDecode, BeforeValidator(amounts.read)]
_Budget = Annotated[Budget | None, NoDecode, BeforeValidator(read)]


def _listed(said: object) -> object:
    """What is separated by commas."""
    return [each.strip() for each in said.split(",") if each.strip()] if isinstance(said, str) else said or ()


_Folders = Annotated[dict[str, Path], NoDecode, BeforeValidator(folders_named)]
_Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
_Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_listed)]
_Roles = Annotated[tuple[Role, ...], NoDecode, BeforeValidator(_listed)]
_Origin = Annotated[str, Field(pattern=r"^https?://[^/*]+$")]
_Origins = Annotated[tuple[_Origin, ...], NoDecode, BeforeValidator(_listed)]


class Settings(BaseSettings):
    """The gateway's settings; `SLUICE_PORT` sets `port`, and so on."""

    model_config = SettingsConfigDict(
        env_prefix="SLUICE_", frozen=True, populate_by_name=True, use_attribute_docstrings=True
    )

    bootstrap: str = Field(validation_alias="SLUICE_KAFKA")
    """Where Kafka is, as host:port."""

    kafka_ca_file: Path | None = None
    """The authorities that Kafka's certificate may be from, as PEM: with them, all is TLS."""

    kafka_cert_file: Path | None = None
    """The certificate that is shown to Kafka, as PEM, where it asks for one."""

    kafka_key_file: Path | None = None
    """The file with that certificate's key. Without it, the certificate's own."""

    kafka_user: str | None = None
    """Who to sign in to Kafka as, where it asks for that (SASL)."""

    kafka_password_file: Path | None = None
    """The file that holds that user's password; nobody but its owner may read it."""

    kafka_sasl: Mechanism = "SCRAM-SHA-512"
    """How to sign in: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."""

    mongodb_url: str = Field(validation_alias="MONGODB_URL")
    """Where MongoDB is."""

    database: str = "sluice"
    """The name of the database there."""

    blobs: str
    """Where the bytes are kept: file:///an/absolute/path or s3://bucket/prefix."""

    roots: _Folders = {}
    """Folders of people's own that the files API shows, as name=/an/absolute/path, separated by commas."""

    roots_writable: _Names = ()
    """Which of them may be written to, by their names, separated by commas."""

    trash_days: float = Field(default=30, gt=0)
    """How long what was deleted or replaced in them stays in their trash."""

    archive: Path | None = None
    """A second folder, for uploads that are archived: best on a disk that costs less."""

    s3_archive_class: str | None = Field(default=None, pattern=ARCHIVE_CLASSES)
    """The class of storage that archived uploads go to in a bucket: STANDARD_IA, ONEZONE_IA, GLACIER_IR,
    GLACIER or DEEP_ARCHIVE. What is in the last two has to be asked back, hours before it can be read.
    """

    s3_endpoint: str | None = Field(default=None, pattern=r"^https?://[^/]+$")
    """The address of an S3 that is not Amazon's."""

    s3_region: str | None = None
    """The region of the bucket; without it, what AWS_DEFAULT_REGION or the usual files say."""

    s3_ca_file: Path | None = None
    """The authorities that the certificate of that S3 may be from, as PEM; without it, the usual ones."""

    s3_public_endpoint: str | None = Field(default=None, pattern=r"^https?://[^/]+$")
    """The address at which clients reach that bucket: files are then fetched from there by signed addresses.
    Without it, all of them go through the gateway.
    """

    address_s: int = Field(default=900, gt=0, le=MOST_S)
    """How long a signed address of a file is good for, where nobody says otherwise."""

    clamd: str | None = None
    """Where workers reach ClamAV's clamd. The gateway asks nothing of it: where it is set, no file is sent as
    it was uploaded before it was scanned.
    """

    host: str = "127.0.0.1"
    """The address to listen on."""

    port: int = Field(default=8400, ge=1, le=65535)
    """The port to listen on."""

    tls_cert_file: Path | None = None
    """The certificate to serve HTTPS with, as PEM, and those that lead to its authority; HTTP without one."""

    tls_key_file: Path | None = None
    """The file with that certificate's key; nobody but its owner may read it. Without it, the same file."""

    token_file: Path
    """The file that holds the administrator's token; nobody but its owner may read it."""

    secret_file: Path
    """The file that holds the installation's secret, one a line with the newest first; nobody but its owner
    may read it. Sessions are signed with it, and what is personal is sealed with it: keep a copy of it.
    """

    providers_file: Path | None = None
    """The file that says whose accounts are good here too (Google, GitHub, any OpenID provider), as JSON;
    nobody but its owner may read it.
    """

    registration: Literal["open", "invited", "closed"] = "invited"
    """Who may make an account: anyone, whoever an administrator invited, or nobody."""

    registration_step_s: float = Field(default=1, ge=0)
    """Where registration is open, its answers come at multiples of this, so that their time does not tell
    which names are taken.
    """

    issuer: str = Field(default="sluice", min_length=1)
    """Who access tokens say that they are from: the address of the installation, where others check them."""

    origin: str | None = Field(default=None, pattern=r"^https?://[^/]+$")
    """The address that browsers know the gateway by; what each request says where this is not set."""

    page_origins: _Origins = ()
    """Those whose pages may use the API with a token of their own, as in https://app.example.org, separated
    by commas. They never come in by a cookie.
    """

    access_token_s: float = Field(default=900, gt=0, le=3600)
    """How long an access token is good for."""

    session_unused_days: float = Field(default=30, gt=0)
    """How long a session lasts that nobody uses."""

    session_days: float = Field(default=90, gt=0, le=99)
    """How long a session lasts at most."""

    second_factor_roles: _Roles = ()
    """The roles of those who must have a second factor beside their password, as in admin,editor: until they
    have one, they may do nothing but set it up.
    """

    bcrypt_rounds: int = Field(default=12, ge=4, le=16)
    """How much work it is to try one password: twice as much for each step."""

    breached_passwords: Path | None = None
    """A list of passwords that were stolen elsewhere, which nobody may take: the SHA-1 hashes in order, a
    line each, that Have I Been Pwned gives away. Without it the most frequent ones alone are refused.
    """

    revocation_patience_s: float = Field(default=15, gt=0)
    """How long who may come in is still believed when Kafka can't be asked; after that nobody may."""

    limit_logins: _Budget = Budget(20, 300)
    """How often a password, a link or a registration may be tried from one address, and five times as often
    under one name. What succeeds does not count.
    """

    limit_requests: _Budget = Budget(6000, 60)
    """How many requests anyone may make, over all replicas. The administrator's token has no such limits."""

    limit_upload_bytes: _Budget = Budget(1024 * _GIB, 86_400)
    """How many bytes anyone may upload."""

    limit_transcode_minutes: _Budget = Budget(6000, 86_400)
    """For how many minutes of media anyone may ask in another form."""

    limit_storage: _Amount = None
    """How many bytes of uploads anyone may keep here, as in 50GiB; off for no limit. Administrators may give
    each account its own. What is on its way counts, and the same bytes count once for each who has them.
    """

    usage_every_s: float = Field(default=3600, ge=60)
    """How often it is counted what the store holds."""

    trusted_proxies: _Networks = ()
    """The networks of proxies, separated by commas, that are believed where they say whom they ask for."""

    instance: str = Field(default="gateway-1", min_length=1)
    """This process's name, unique among those that run."""

    log: Literal["json", "console"] = "json"
    """How log lines look: json for machines, console for people."""

    max_upload_bytes: int = Field(default=64 * _GIB, gt=0)
    """The largest file that is taken in."""

    max_body_bytes: int = Field(default=1024**2, gt=0)
    """The largest body of any request that is not an upload."""

    upload_lasts_s: float = Field(default=86_400, gt=0)
    """How long nobody may go on with a resumable upload before it is given up, and its bytes are removed."""

    complete_wait_s: float = Field(default=5, ge=0)
    """How long the completion of an upload into the store waits until that is a medium; what takes longer
    goes on by itself.
    """

    max_unfinished_uploads: int = Field(default=100, gt=0)
    """How many resumable uploads anyone may have unfinished."""

    upload_stall_s: float = Field(default=30, gt=0)
    """How long a client may send nothing before its request is given up."""

    schema_registry_url: str | None = Field(default=None, validation_alias="SCHEMA_REGISTRY_URL")
    """A registry server to take schema ids from; the files in `schemas/` where there is none."""

    schema_registry_ca_file: Path | None = Field(default=None, validation_alias="SCHEMA_REGISTRY_CA_FILE")
    """The authorities that the registry's certificate may be from, as PEM; without it, the usual ones."""

    accel_redirect: str | None = Field(default=None, pattern=r"^/[a-z0-9_/-]*/$")
    """Where the proxy in front of the gateway has the blobs, as in /_blobs/: it then sends them by itself."""

    scripts: Path | None = None
    """The folder with the scripts of others that the web pages use: hls.min.js."""

    beat_s: float = Field(default=5, gt=0)
    """How often this process says that it is alive."""

    publish_timeout_s: float = Field(default=10, gt=0)
    """How long a command waits for Kafka before it is answered with 503."""

    read_your_write_s: float = Field(default=1, ge=0)
    """How long a request waits for the read models to show what it was promised."""

    viewing_every_s: float = Field(default=10, gt=0)
    """How often at most a viewer's position in a medium is written down."""

    max_requests: int = Field(default=1000, gt=0)
    """How many requests are answered at once; more are turned away with 503."""

    max_live: int = Field(default=10_000, gt=0)
    """How many live connections there may be; more are turned away with 503."""

    max_memory_bytes: int | None = Field(default=2 * _GIB, gt=0)
    """How much memory this process may have before it turns requests away with 503."""

    live_queue: int = Field(default=1000, gt=0)
    """How many messages may wait for one live client before it is let go as too slow."""

    live_heartbeat_s: float = Field(default=15, gt=0)
    """How often a live connection with nothing to say says so."""

    live_send_timeout_s: float = Field(default=20, gt=0)
    """How long a live client may take no bytes before it is let go."""

    graphql_depth: int = Field(default=8, gt=0)
    """How many fields of a GraphQL document may lie within each other."""

    graphql_cost: int = Field(default=2000, gt=0)
    """What a GraphQL document may come to: one for each field, times `first` below a list that is paged, and
    50 for each mutation.
    """

    graphql_aliases: int = Field(default=30, ge=0)
    """How many aliases a GraphQL document may have."""

    graphql_tokens: int = Field(default=2000, gt=0)
    """How many words and signs a GraphQL document may have."""

    stop_grace_s: float = Field(default=5, ge=0)
    """How long requests may go on after the process is asked to stop."""

    @property
    def limits(self) -> dict[Kind, Budget | None]:
        """What everyone may have in a while."""
        return {
            "logins": self.limit_logins,
            "requests": self.limit_requests,
            "upload_bytes": self.limit_upload_bytes,
            "transcode_minutes": self.limit_transcode_minutes,
        }

    @property
    def kafka(self) -> Brokers:
        """Kafka, as clients reach it."""
        security = KafkaSecurity(
            ca_file=self.kafka_ca_file,
            cert_file=self.kafka_cert_file,
            key_file=self.kafka_key_file,
            user=self.kafka_user,
            password_file=self.kafka_password_file,
            mechanism=self.kafka_sasl,
        )
        return Brokers(self.bootstrap, security)

    @property
    def s3(self) -> S3Options:
        """How a bucket is reached."""
        return S3Options(
            endpoint=self.s3_endpoint,
            public_endpoint=self.s3_public_endpoint,
            region=self.s3_region,
            ca_file=self.s3_ca_file,
            archive_class=self.s3_archive_class,
        )

    @property
    def has_archive(self) -> bool:
        """Whether uploads can be archived."""
        return self.archive is not None or self.s3_archive_class is not None

    @property
    def scheme(self) -> str:
        """What our own address begins with."""
        return "http" if self.tls_cert_file is None else "https"

    @property
    def blobs_folder(self) -> Path | None:
        """The folder that the blobs are in, where they are files."""
        parts = urlsplit(self.blobs)
        return Path(unquote(parts.path)) if parts.scheme == "file" else None
