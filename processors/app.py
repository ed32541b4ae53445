"""Wires stages and workers to the outside world, and runs them until told to stop."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import imageio_ffmpeg
import structlog
from prometheus_client import CollectorRegistry, start_http_server

from connectors.archive import Kept, open_kept
from connectors.background import running
from connectors.beat import Beat
from connectors.brakes import Brakes
from connectors.brokers import Brokers
from connectors.clamd import Clamd
from connectors.clock import SystemClock
from connectors.copy_tools import CopyTools
from connectors.digests import Digests
from connectors.file_tools import FileTools
from connectors.handbrake import HandbrakeTools, find_handbrake
from connectors.hardware import Hardware
from connectors.hardware_trials import Trials
from connectors.kafka import KafkaPublisher, KafkaTail
from connectors.kafka_admin import missing_topics
from connectors.kafka_bulk import KafkaBulk
from connectors.kafka_feed import KafkaFeed
from connectors.kafka_history import KafkaHistory
from connectors.media_tools import FfmpegTools
from connectors.mongo import MongoDatabase
from connectors.pictures.artwork import Artworks
from connectors.pictures.poster import Posters
from connectors.pictures.sheets import Thumbnails
from connectors.pictures.tool import Tool
from connectors.pictures.waveform import Waveforms
from connectors.ports import BlobStore, BrokerUnavailable, Transient
from connectors.process import ToolRunner
from connectors.read_models import ReadModels
from connectors.registry import open_registry
from connectors.rooted.named import roots_named
from connectors.rooted.notices import SystemNotices
from connectors.rooted.root import Root
from connectors.rooted.store import RootedStore
from connectors.sandbox import Sandbox, find_isolation
from connectors.segment_tools import SegmentTools
from connectors.text_tools import TextTools
from processors.care.handle import ACTOR as CARE
from processors.care.handle import Care, CareObserver
from processors.care.known import Everything
from processors.care.plan import REPORT, REREAD, RETIRE, SHELVE, SURVEY, SWEEP, UNSHELVE
from processors.care.retire import RetireWork
from processors.care.scrub import ReportWork, RereadWork, SurveyWork
from processors.care.shelve import ShelveWork
from processors.care.sweep import SweepWork
from processors.care.unshelve import UnshelveWork
from processors.equipment import Equipment
from processors.folders.keeping import Intervals
from processors.folders.pace import PaceOfProbes
from processors.folders.pages import Pages
from processors.folders.plan import Patience
from processors.folders.ports import Ports as FolderPorts
from processors.folders.replaced import Replaced
from processors.folders.scanner import FolderObserver, Scanner
from processors.folders.watching import Watcher
from processors.hierarchy.handle import Hierarchy
from processors.host import GroupSettings, Host
from processors.ingest.handle import Ingest
from processors.ingest.plan import CHECK, PROBE
from processors.ingest.scanning import NoScans, Scanning
from processors.ingest.work import Check, Probe
from processors.observe import CareMetrics, FolderMetrics, Metrics, ScanMetrics, WorkMetrics
from processors.pictures import draw
from processors.pictures.artworks import ArtworkWork
from processors.pictures.handle import Pictures
from processors.pictures.work import PictureWork
from processors.recover import ensure_state
from processors.runtime import Stage
from processors.settings import Settings
from processors.transcode import orders
from processors.transcode.copying import CopyWork
from processors.transcode.drawing import Drawing
from processors.transcode.handle import ACTOR, Transcode
from processors.transcode.runs import AudioWork, VideoWork
from processors.transcode.texts import TextWork
from processors.transcode.work import FileWork, JoinWork
from processors.views.activity import Keeping
from processors.views.handle import Views
from processors.work import leader as leading
from processors.work import standing
from processors.work import worker as working
from processors.work.admission import Admission, Limits
from processors.work.execution import Work
from processors.work.jobs import Jobs, KnownMedia
from processors.work.leader import Leader, LeaderSettings
from processors.work.ledger import Ledger
from processors.work.observer import WorkObserver
from processors.work.project import NAME as LEDGER_STAGE
from processors.work.project import Projector
from processors.work.worker import Worker, WorkerSettings
from schemas.artwork import TASK as ARTWORK
from schemas.codec import Codec
from schemas.events import ResourceChanged
from schemas.pictures import POSTER, THUMBNAILS, WAVEFORM
from schemas.topics import BY_NAME, BY_RECORD

log = structlog.get_logger()

_TRY_AGAIN_S = 0.1
_GUARD_EVERY_S = 2.0


class CannotStart(RuntimeError):
    """What this process needs is not there; the message says what and what to do."""


class DatabaseReplaced(RuntimeError):
    """The ledger is not the one that this process started with: it must start anew."""


@dataclass(frozen=True, slots=True)
class World:
    """The outside world, connected."""

    settings: Settings
    codec: Codec
    clock: SystemClock
    database: MongoDatabase
    publisher: KafkaPublisher
    history: KafkaHistory
    started_at: datetime

    @property
    def ledger(self) -> Ledger:
        """The ledger over the database."""
        return Ledger(self.database, self.codec)

    def tail(self, topics: Sequence[str], since: timedelta = timedelta(0)) -> KafkaTail:
        """A tail of topics."""
        return KafkaTail(self.settings.kafka, self.codec, topics, clock=self.clock, since=since)


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[World]:
    """The world, once Kafka has every topic and the database answers.

    Raises CannotStart, KafkaSecurityUnusable and DatabaseUrlUnusable.
    """
    clock = SystemClock()
    codec = Codec(
        await asyncio.to_thread(open_registry, settings.schema_registry_url, settings.schema_registry_ca_file)
    )
    await wait_for_topics(settings.kafka.checked(), settings.start_s)
    database = MongoDatabase(settings.mongodb_url, settings.database)
    try:
        await _wait_for_database(database, settings.start_s)
        async with KafkaPublisher(settings.kafka, codec) as publisher:
            history = KafkaHistory(settings.kafka, codec)
            yield World(settings, codec, clock, database, publisher, history, clock.now())
    finally:
        database.close()


async def wait_for_topics(brokers: Brokers, within_s: float) -> None:
    """Faust never reads a topic that comes after it: so all must be there first. Raises CannotStart."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            missing = await asyncio.to_thread(missing_topics, brokers, BY_NAME)
            problem = (
                f"these topics are missing: {', '.join(missing)}; the embedded stack makes them at its "
                "start, elsewhere run 'python -m connectors.kafka_admin'"
            )
        except BrokerUnavailable as error:
            missing, problem = ["all"], str(error)
        if not missing:
            return
        if time.monotonic() > deadline:
            raise CannotStart(problem)
        await asyncio.sleep(_TRY_AGAIN_S)


async def _wait_for_database(database: MongoDatabase, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while True:
        try:
            return await database.ping()
        except Transient as error:
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"{error}; is it started, and is MONGODB_URL right, tls and tlsCAFile included?"
                ) from error
            await asyncio.sleep(_TRY_AGAIN_S)


async def run_stages(settings: Settings, names: Sequence[str]) -> None:
    """Hosts stages until SIGTERM. Raises what ended a stage."""
    async with connected(settings) as world:
        incarnation = await ensure_state(world.database, world.history, world.clock)
        registry = served_metrics(settings)
        every = all_stages(world, CareMetrics(registry))
        stages = [stage for stage in every if not names or stage.name in names]
        host = Host(
            settings=GroupSettings(
                brokers=settings.kafka,
                folder=settings.scratch / settings.instance,
                session=timedelta(seconds=settings.session_s),
                stuck_after=timedelta(seconds=settings.stuck_s),
            ),
            codec=world.codec,
            publisher=world.publisher,
            clock=world.clock,
            observer=Metrics(registry),
        )
        await host.start(stages)
        log.info("stages are running", stages=[stage.name for stage in stages])
        leader = _leader(world, host, WorkMetrics(registry))
        scanner = _scanner(world, host, FolderMetrics(registry))
        beat = _beat(world, "processors", lambda: _stage_details(stages, leader) | scanner.details())
        services = (leader.run(), scanner.run(), beat.run(), _guard(world, incarnation))
        try:
            await _until_stopped(host.failed(), *services)
        finally:
            await host.stop()
            await beat.last()


async def run_worker(settings: Settings) -> None:
    """Works until SIGTERM."""
    async with connected(settings) as world:
        isolation = await asyncio.to_thread(find_isolation)
        if isolation.weak:
            log.error("ISOLATION IS WEAK: what opens strangers' files is not shut in", what=isolation.summary)
        else:
            log.info("isolation", what=isolation.summary)
        runner = ToolRunner(Sandbox(isolation), Brakes())
        handbrake = HandbrakeTools(runner, found) if (found := find_handbrake()) else None
        trials = Trials(runner, _ffmpeg(), settings.scratch / f"{settings.instance}.trials")
        equipment = Equipment(trials, handbrake)
        registry = served_metrics(settings)
        scanning = _scanning(settings, registry)
        works = _works(world, runner, handbrake, equipment.hardware, scanning)
        worker = _worker(world, runner.brakes, works, handbrake is not None, registry)
        details = partial(_worker_details, worker, equipment, isolation.summary, scanning)
        beat = _beat(world, "worker", details, state=lambda: worker.standing.state)
        stop = asyncio.get_running_loop().add_signal_handler
        stop(signal.SIGTERM, worker.stop)
        stop(signal.SIGINT, worker.stop)
        looking = asyncio.create_task(equipment.look())
        try:
            async with running({"beat": beat.run, "scanner": scanning.watch}):
                await worker.run()
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            await beat.last()


def served_metrics(settings: Settings) -> CollectorRegistry:
    """A registry for this process's metrics, served where the settings say."""
    registry = CollectorRegistry()
    if settings.metrics_port:
        start_http_server(settings.metrics_port, settings.metrics_host, registry)
    return registry


def all_stages(world: World, care: CareObserver) -> list[Stage]:
    """Every stage there is."""
    blobs = _rooted(world, _kept(world.settings).blobs)
    jobs = Jobs(world.ledger, world.clock, ACTOR)
    media = KnownMedia(world.database)
    return [
        Views(world.database, world.clock, Keeping(world.settings.activity_months)).stage(),
        Projector(world.ledger).stage(),
        Ingest(blobs, media, world.ledger, world.clock).stage(),
        Transcode(jobs, media, world.clock).stage(),
        Care(Jobs(world.ledger, world.clock, CARE), world.clock, care).stage(),
        Pictures(world.ledger, world.clock).stage(),
        Hierarchy(ReadModels(world.database), world.clock).stage(),
    ]


def _leader(world: World, host: Host, observer: WorkObserver) -> Leader:
    tick = min(1.0, world.settings.lease_s / 6)
    return Leader(
        ledger=world.ledger,
        publisher=world.publisher,
        tail=world.tail(leading.TAILED, since=timedelta(minutes=1)),
        clock=world.clock,
        leads=lambda: host.leads(LEDGER_STAGE),
        settings=LeaderSettings(
            tick=timedelta(seconds=tick), bearable_failures=world.settings.worker_failures
        ),
        observer=observer,
    )


def _scanner(world: World, host: Host, observer: FolderObserver) -> Scanner:
    settings, roots = world.settings, _roots(world.settings)
    patience = Patience(
        settle=timedelta(seconds=settings.folders_settle_s), grace=timedelta(seconds=settings.folders_grace_s)
    )
    intervals = Intervals(
        rescan=timedelta(seconds=settings.folders_rescan_s), poll=timedelta(seconds=settings.folders_poll_s)
    )
    ports = FolderPorts(
        roots=roots,
        pages=Pages(world.database),
        publisher=KafkaBulk(settings.kafka, world.codec),
        clock=world.clock,
        pace=PaceOfProbes(KnownMedia(world.database)),
        successions=Replaced(ReadModels(world.database)),
        patience=patience,
    )
    feed = KafkaFeed(settings.kafka, world.codec, [BY_RECORD[ResourceChanged].name])
    watcher = Watcher(roots, SystemNotices())
    return Scanner(ports, feed, lambda: host.leads(LEDGER_STAGE), watcher, intervals, observer)


def _scanning(settings: Settings, registry: CollectorRegistry) -> Scanning:
    if settings.clamd is None:
        return Scanning(None, NoScans())
    return Scanning(Clamd(settings.clamd), ScanMetrics(registry), settings.clamd_oversize)


def _worker(
    world: World,
    brakes: Brakes,
    works: Mapping[str, Work],
    has_handbrake: bool,
    registry: CollectorRegistry,
) -> Worker:
    settings = world.settings
    limits = Limits(
        max_jobs=settings.slots, cpu_percent=settings.cpu_limit, memory_percent=settings.memory_limit
    )
    tail = world.tail(working.TAILED)

    async def last_order() -> ResourceChanged | None:
        await tail.ready.wait()  # what is ordered after this is heard of
        return await standing.last_order(world.history, settings.instance)

    return Worker(
        ledger=world.ledger,
        publisher=world.publisher,
        tail=tail,
        clock=world.clock,
        admission=Admission(limits),
        observer=WorkMetrics(registry),
        works=works,
        brakes=brakes,
        last_order=last_order,
        settings=WorkerSettings(
            name=settings.instance,
            scratch=settings.scratch / settings.instance,
            tools=frozenset({"ffmpeg", *(["handbrake"] if has_handbrake else [])}),
            lease=settings.lease,
            drain=timedelta(seconds=settings.drain_s),
        ),
    )


def _kept(settings: Settings) -> Kept:
    return open_kept(settings.blobs, settings.instance, settings.s3, settings.archive)


def _rooted(world: World, blobs: BlobStore) -> BlobStore:
    return RootedStore(blobs, _roots(world.settings), KnownMedia(world.database))


def _roots(settings: Settings) -> dict[str, Root]:
    kept = urlsplit(settings.blobs)
    blobs = Path(unquote(kept.path)) if kept.scheme == "file" else None
    return roots_named(settings.roots, (), blobs, settings.archive)


def _ffmpeg() -> Path:
    return Path(imageio_ffmpeg.get_ffmpeg_exe())


def _works(
    world: World,
    runner: ToolRunner,
    handbrake: HandbrakeTools | None,
    hardware: Hardware,
    scanning: Scanning,
) -> dict[str, Work]:
    """What a worker can do."""
    kept, ffmpeg = _kept(world.settings), _ffmpeg()
    blobs = _rooted(world, kept.blobs)
    segments, files = SegmentTools(runner, ffmpeg), FileTools(runner, ffmpeg)
    texts = TextTools(runner, ffmpeg)
    everything = Everything(ReadModels(world.database), world.history)
    drawing = Drawing(blobs, texts)
    media, idly = KnownMedia(world.database), Tool(runner, ffmpeg, gives_way=True)
    return {
        PROBE: Probe(blobs, FfmpegTools(runner), files, scanning, world.clock),
        CHECK: Check(blobs, Digests(runner)),
        SWEEP: SweepWork(blobs, everything, world.clock, world.settings.cleanup_grace),
        SURVEY: SurveyWork(blobs, everything),
        REREAD: RereadWork(blobs, Digests(runner), world.clock),
        REPORT: ReportWork(blobs),
        RETIRE: RetireWork(blobs, everything, world.clock),
        SHELVE: ShelveWork(blobs, kept.archive, everything, world.clock),
        UNSHELVE: UnshelveWork(blobs, kept.archive, everything, world.clock),
        orders.VIDEO: VideoWork(blobs, segments, world.clock, drawing, hardware),
        orders.AUDIO: AudioWork(blobs, segments, world.clock),
        orders.TEXT: TextWork(blobs, texts, world.clock),
        orders.REMUX: CopyWork(blobs, CopyTools(runner, ffmpeg), world.clock),
        orders.JOIN: JoinWork(blobs, files),
        orders.FILE: FileWork(blobs, files, world.clock, drawing, handbrake, hardware),
        POSTER: PictureWork(blobs, media, draw.poster(Posters(Tool(runner, ffmpeg)))),
        THUMBNAILS: PictureWork(blobs, media, draw.thumbnails(Thumbnails(idly))),
        ARTWORK: ArtworkWork(blobs, media, Artworks(Tool(runner, ffmpeg))),
        WAVEFORM: PictureWork(blobs, media, draw.waveform(Waveforms(idly))),
    }


def _beat(world: World, service: str, details: Callable[[], Mapping[str, str]], **more: Any) -> Beat:
    return Beat(
        service=service,
        instance=world.settings.instance,
        every_s=world.settings.beat_s,
        publisher=world.publisher,
        clock=world.clock,
        started_at=world.started_at,
        details=details,
        **more,
    )


def _stage_details(stages: Sequence[Stage], leader: Leader) -> dict[str, str]:
    said = {"stages": ",".join(stage.name for stage in stages), "leader": str(leader.leading).lower()}
    if not leader.leading:
        return said
    aside = [f"{one.worker} until {one.until:%H:%M:%S} UTC" for one in leader.aside]
    return said | {"stuck_jobs": str(len(leader.stuck)), "set_aside": ", ".join(aside)}


def _worker_details(
    worker: Worker, equipment: Equipment, isolation: str, scanning: Scanning
) -> dict[str, str]:
    return {
        "slots": str(worker.admission.limits.max_jobs),
        "running": str(len(worker.running)),
        "tools": ",".join(sorted(worker.settings.tools)),
        "isolation": isolation,
        **equipment.details(),
        **scanning.details(),
        "drained": str(worker.drained).lower(),
    }


async def _guard(world: World, incarnation: str) -> None:
    """Ends the process when the database was lost or replaced: at the start, its state is derived again."""
    while True:
        await asyncio.sleep(_GUARD_EVERY_S)
        try:
            now = await world.ledger.incarnation()
        except Transient:
            continue
        if now != incarnation:
            raise DatabaseReplaced("the database was lost or replaced; starting anew from the log")


async def _until_stopped(*services: Coroutine[Any, Any, None]) -> None:
    """Runs services until SIGTERM or SIGINT; raises what ended one of them."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    waiting = asyncio.create_task(stopped.wait())
    tasks: list[asyncio.Task[Any]] = [asyncio.create_task(service) for service in services]
    try:
        await asyncio.wait([*tasks, waiting], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in [*tasks, waiting]:
            task.cancel()
        await asyncio.gather(*tasks, waiting, return_exceptions=True)
