"""Metrics for Prometheus: how the views stand, and what this process does itself."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.kit.execution.deprecations import USES
from api.kit.http.problems import problem
from app.telemetry.monitoring_access import Known
from app.telemetry.process_status import ProcessStatus
from app.telemetry.system_status import SystemStatus
from projections.kit.read.status import ViewState, ViewStatus

A = TypeVar("A")
O = TypeVar("O")  # noqa: E741
_logger = logging.getLogger(__name__)

Statuses = Callable[[], Awaitable[list[ViewStatus]]]

_PATIENCE = 5.0
"""Seconds that the database has to answer; whoever scrapes waits for ten."""

REGISTRY = CollectorRegistry()
"""What this process measures of itself."""

APPEND_SECONDS = Histogram(
    "headwater_log_append_seconds",
    "From handing a command's events to the log until they are durable.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30),
    registry=REGISTRY,
)
ProcessCollector(registry=REGISTRY)


class _Deprecated:
    """What the kit of the API counts of deprecated parts of the schema."""

    def collect(self) -> Iterable[Metric]:
        counter = CounterMetricFamily(
            "headwater_graphql_deprecated",
            "Requests that used a deprecated part of the GraphQL schema.",
            labels=("coordinate",),
        )
        for coordinate, uses in sorted(USES.items()):
            counter.add_metric([coordinate], uses)
        return [counter]


REGISTRY.register(_Deprecated())


def timed(append: Callable[[A], Awaitable[O]]) -> Callable[[A], Awaitable[O]]:
    """The same append, with its time in ``headwater_log_append_seconds``."""

    async def measured(command: A) -> O:
        with APPEND_SECONDS.time():
            return await append(command)

    return measured


def metrics_route(statuses: Statuses, beside: Callable[[], Awaitable[SystemStatus]], known: Known) -> Route:
    """``GET /metrics``, for who is ``known``. What concerns views, and what is beside them, comes from the
    database, where every worker's lanes are on record: one process to scrape tells about all, and what a dead
    worker last said does not go away with it."""

    async def metrics(request: Request) -> Response:
        if not known(request):
            detail = "Send the token that `headwater token metrics` prints."
            return problem(401, "unauthenticated", detail, headers={"www-authenticate": "Bearer"})
        body = generate_latest(REGISTRY)
        try:
            async with asyncio.timeout(_PATIENCE):
                views, others = await statuses(), await beside()
        except Exception:
            _logger.exception("The views' metrics cannot be read.")
            up = CollectorRegistry()
            up.register(
                _Once([GaugeMetricFamily("headwater_views_up", "Whether the views can be asked.", 0)])
            )
            return Response(body + generate_latest(up), media_type=CONTENT_TYPE_LATEST)
        registry = CollectorRegistry()
        registry.register(_Once([*view_metrics(views), *beside_metrics(others)]))
        return Response(body + generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Route("/metrics", metrics)


def view_metrics(views: list[ViewStatus]) -> list[Metric]:
    """The views' standing as metrics, labelled by view and generation; those that nobody knows are left out."""
    families: list[Metric] = [GaugeMetricFamily("headwater_views_up", "Whether the views can be asked.", 1)]
    head = GaugeMetricFamily("headwater_log_head", "The last committed position.")
    if views:
        head.add_metric([], max(view.head for view in views))
    families.append(head)
    views = [view for view in views if view.state is not ViewState.UNKNOWN]
    for name, help, read in _GAUGES:
        gauge = GaugeMetricFamily(f"headwater_view_{name}", help, labels=_LABELS)
        for view in views:
            if (value := read(view)) is not None:
                gauge.add_metric([view.name, str(view.generation)], value)
        families.append(gauge)
    for name, help, count in _COUNTERS:
        counter = CounterMetricFamily(f"headwater_view_{name}", help, labels=_LABELS)
        for view in views:
            counter.add_metric([view.name, str(view.generation)], count(view))
        families.append(counter)
    return families


def beside_metrics(standing: SystemStatus) -> list[Metric]:
    """Workers, rebuilds and processes as metrics."""
    families: list[Metric] = [
        GaugeMetricFamily("headwater_workers", "Workers that are alive.", standing.workers),
        GaugeMetricFamily("headwater_rebuilds_running", "Rebuilds that go on.", standing.rebuilding),
        GaugeMetricFamily(
            "headwater_rebuilds_differing", "Rebuilds to be accepted or cancelled.", standing.differing
        ),
    ]
    differing = GaugeMetricFamily(
        "headwater_view_differing_rows", "Rows that its last comparison found to differ.", labels=("view",)
    )
    age = GaugeMetricFamily(
        "headwater_view_compared_seconds", "Seconds since it was last compared.", labels=("view",)
    )
    for view in standing.compared:
        differing.add_metric([view.view], view.differing)
        age.add_metric([view.view], view.age)
    families += [differing, age]
    for name, help, read in _PROCESS_GAUGES:
        gauge = GaugeMetricFamily(f"headwater_process_{name}", help, labels=("process",))
        for process in (each for each in standing.processes if not each.unknown):
            gauge.add_metric([process.process], read(process))
        families.append(gauge)
    return families


class _Once:
    """A collector of what is known already."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


_LABELS = ("view", "generation")
_GAUGES: tuple[tuple[str, str, Callable[[ViewStatus], float | None]], ...] = (
    ("position", "The last position that is folded.", lambda view: view.position),
    ("lag_events", "Events that are not folded yet.", lambda view: view.lag_events),
    ("lag_seconds", "Age of the oldest event that is not folded.", lambda view: view.lag_seconds),
    ("last_read_seconds", "Seconds since its follower last did something.", lambda view: view.last_read_age),
    ("complete", "1 when as many events are folded as there are up to its position.", lambda v: v.complete),
    ("failing", "1 while a fold raises.", lambda view: view.state is ViewState.FAILING),
    ("refilling", "1 while rows may be missing.", lambda view: view.state is ViewState.REFILLING),
    ("paused", "1 while an operator lets it stand still.", lambda view: view.state is ViewState.PAUSED),
    ("parked_streams", "Streams whose events cannot be folded and wait.", lambda view: view.parked),
    ("building", "1 while it is built beside the live generation.", lambda v: v.state is ViewState.BUILDING),
    ("live", "1 for the generation that readers see.", lambda view: view.live),
    ("events_per_second", "How fast it folds.", lambda view: view.rate),
)
_COUNTERS: tuple[tuple[str, str, Callable[[ViewStatus], float]], ...] = (
    ("folded", "Events folded; starts again with a refill.", lambda view: view.folded),
    ("pages", "Pages folded.", lambda view: view.pages),
    ("page_seconds", "Seconds spent on folding pages.", lambda view: view.page_seconds),
    ("fold_errors", "Folds that raised.", lambda view: view.errors),
)
_PROCESS_GAUGES: tuple[tuple[str, str, Callable[[ProcessStatus], float]], ...] = (
    ("lag_events", "Events that it has not reacted to yet.", lambda process: process.lag_events),
    ("open", "Effects and commands that are not done yet.", lambda process: process.open),
    ("parked", "Effects and reactions that failed and wait for an operator.", lambda process: process.parked),
    ("timers", "Timers that have not fired.", lambda process: process.timers),
)
