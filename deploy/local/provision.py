"""Everything that must be there before the first child starts: programs, jars, storage, ports, commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connectors.brokers import Brokers, KafkaSecurity
from deploy.local import binaries, certificates, database, jars, kafka, parts, ports, web
from deploy.local.certificates import Certificates
from deploy.local.home import Home
from deploy.local.parts import DATABASE, GATEWAY, KAFKA, PROCESSORS, WORKER, Endpoints, Options
from deploy.local.settings import Settings
from deploy.local.spawning import ChildSpec

Say = Callable[[str], None]

_CONTROLLER = "controller"
_TOLD_EVERY = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is going to run."""

    endpoints: Endpoints
    told: Mapping[str, str]
    """What our own children are told beyond the environment they inherit."""
    environ: Mapping[str, str]
    """Both together."""
    specs: tuple[ChildSpec, ...]
    certificates: Certificates | None = None
    """What is spoken by, where that is TLS."""


def plan(home: Home, options: Options, settings: Settings, say: Say, waiting: Say) -> Plan:
    """Gets all that is needed and says what to start. Raises Failure."""
    numbers = ports.remembered(home.run / "ports.json", [KAFKA, _CONTROLLER, DATABASE])
    certs = _certificates(home, say) if options.tls else None
    servers = _servers(home, options, settings, numbers, certs, waiting)
    at = Endpoints(
        kafka=settings.kafka or _own_kafka(numbers[KAFKA], certs),
        mongodb_url=settings.mongodb_url or database.url(numbers[DATABASE], certs),
        gateways=_gateway_ports(options, say),
        scheme="http" if certs is None else "https",
    )
    scripts = web.ensure(settings.cache) if at.gateways and "SLUICE_SCRIPTS" not in settings.environ else None
    told = parts.told(home, at, settings.environ, scripts)
    environ = {**settings.environ, **told, **options.env}
    ours = _our_children(options, environ, at)
    specs = (*servers, *ours, *options.extra)
    return Plan(endpoints=at, told=told, environ=environ, specs=specs, certificates=certs)


def _certificates(home: Home, say: Say) -> Certificates:
    if certificates.ensure(home.certificates, certificates.today()):
        say(f"Made certificates; {home.certificates.ca} is the authority to trust.")
    return home.certificates


def _own_kafka(port: int, certs: Certificates | None) -> Brokers:
    address = f"{ports.HOST}:{port}"
    if certs is None:
        return Brokers(address)
    return Brokers(address, KafkaSecurity(ca_file=certs.ca, cert_file=certs.client))


def _servers(
    home: Home,
    options: Options,
    settings: Settings,
    numbers: Mapping[str, int],
    certs: Certificates | None,
    waiting: Say,
) -> list[ChildSpec]:
    """Kafka and the database, each only where it is wanted and none is named in the environment."""
    found = []
    if options.count(DATABASE) and settings.mongodb_url is None:
        command = database.command(home.database, numbers[DATABASE], certs)
        inherited = settings.environ
        found.append(parts.server_spec(DATABASE, command, inherited, home.database, options))
    if options.count(KAFKA) and settings.kafka is None:
        found.append(_broker(home, options, settings, numbers, certs, waiting))
    return found


def _broker(
    home: Home,
    options: Options,
    settings: Settings,
    numbers: Mapping[str, int],
    certs: Certificates | None,
    waiting: Say,
) -> ChildSpec:
    java = kafka.with_class_cache(_java(settings, waiting), settings.environ, waiting)
    text = kafka.properties(numbers[KAFKA], numbers[_CONTROLLER], options.kafka_settings, certs)
    kafka.prepare(home.kafka, text, java, settings.environ)
    command = java.command("kafka.Kafka", "server.properties")
    return parts.server_spec(KAFKA, command, java.environ(settings.environ), home.kafka, options)


def _java(settings: Settings, waiting: Say) -> kafka.Java:
    def progress(done: int, total: int) -> None:
        if done % _TOLD_EVERY == 0:
            waiting(f"Fetching Kafka (once): {done} of {total} files")

    found = jars.ensure(settings.cache / "jars", progress=progress)
    return kafka.Java(binaries.java(), tuple(found))


def _gateway_ports(options: Options, say: Say) -> tuple[int, ...]:
    wanted = options.count(GATEWAY)
    if not wanted:
        return ()
    found = ports.public(options.port, wanted, explicit=options.port_is_explicit)
    if found[0] != options.port:
        say(f"Port {options.port} is in use; the gateway listens on {found[0]} instead.")
    return tuple(found)


def _our_children(options: Options, environ: Mapping[str, str], at: Endpoints) -> list[ChildSpec]:
    if options.count(WORKER) or options.count(PROCESSORS):
        binaries.check_ffmpeg()
    gateways = zip(options.instances(GATEWAY), at.gateways, strict=True)
    return [
        *(parts.spec(GATEWAY, name, options, environ, port=port) for name, port in gateways),
        *(parts.spec(PROCESSORS, name, options, environ) for name in options.instances(PROCESSORS)),
        *(parts.spec(WORKER, name, options, environ) for name in options.instances(WORKER)),
    ]
