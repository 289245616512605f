"""Health over HTTP: whether the process lives, and whether what it stands on and the views are well."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.telemetry.ailments import ailment
from app.telemetry.monitoring_access import Known
from projections.kit.read.status import ViewStatus

Check = Callable[[], Awaitable[object]]
"""Returns when the dependency answers, and raises otherwise."""

ABSENT = object()
"""What a check returns for something that this installation does without."""

_PATIENCE = 2.0
"""Seconds in which a dependency has to answer."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What readiness looks at: without the views' status (Postgres) nothing works, without the helpful
    everything does, slower. ``missing`` names views that cannot be read yet, for this process's version
    of them is still being built; ``ailments`` says what is wrong beside the views."""

    views: Callable[[], Awaitable[list[ViewStatus]]]
    helpful: Mapping[str, Check]
    missing: Callable[[], Sequence[str]] = tuple
    ailments: Callable[[], Awaitable[Sequence[str]]] | None = None


_RECENT = 1.0
"""Seconds for which one look serves everybody who is nobody: they may ask as often as they like."""


def health_routes(checks: Checks, known: Known) -> list[Route]:
    """``/health/live`` and ``/health/ready``: 200 ready or degraded, 503 when nothing can be answered.

    Only who is ``known`` is told more than that.
    """
    glance = _Glance(checks)

    async def live(request: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def ready(request: Request) -> Response:
        if known(request):
            status, report = await readiness(checks)
        else:
            status, whole = await glance.taken()
            report = {"status": whole["status"]}
        return JSONResponse(report, status_code=status, headers={"cache-control": "no-store"})

    return [Route("/health/live", live), Route("/health/ready", ready)]


class _Glance:
    """A look at readiness that many share."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        self._look: asyncio.Task[tuple[int, dict[str, object]]] | None = None
        self._until = 0.0

    async def taken(self) -> tuple[int, dict[str, object]]:
        """What was found within the last second, or is being looked for."""
        now = asyncio.get_running_loop().time()
        if self._look is None or (self._look.done() and now > self._until):
            self._look = asyncio.create_task(readiness(self._checks))
            self._look.add_done_callback(self._taken)
        # Whoever leaves does not take it away from the others.
        return await asyncio.shield(self._look)

    def _taken(self, look: "asyncio.Task[tuple[int, dict[str, object]]]") -> None:
        self._until = look.get_loop().time() + (0 if look.cancelled() or look.exception() else _RECENT)


async def readiness(checks: Checks) -> tuple[int, dict[str, object]]:
    """The HTTP status and the report: ``ready``, ``degraded`` with its problems, or ``unavailable``."""
    names = list(checks.helpful)
    views, *others = await asyncio.gather(
        _within(checks.views), *(_within(checks.helpful[name]) for name in names), return_exceptions=True
    )
    problems = [f"{name} does not answer" for name, answer in zip(names, others, strict=True) if _bad(answer)]
    dependencies = {name: _standing(answer) for name, answer in zip(names, others, strict=True)}
    if not isinstance(views, list):
        report: dict[str, object] = {
            "status": "unavailable",
            "problems": ["postgres does not answer", *problems],
            "dependencies": {"postgres": "down", **dependencies},
            "views": [],
        }
        return 503, report
    problems += [problem for view in views if (problem := ailment(view))]
    if checks.ailments is not None:
        try:
            async with asyncio.timeout(_PATIENCE):
                problems += await checks.ailments()
        except TimeoutError:
            problems.append("postgres is too slow to say how processes stand")
    missing = [f"{name} is being built in this version" for name in checks.missing()]
    return 503 if missing else 200, {
        "status": "unavailable" if missing else "degraded" if problems else "ready",
        "problems": [*missing, *problems],
        "dependencies": {"postgres": "up", **dependencies},
        "views": [_shown(view) for view in views],
    }


def _shown(view: ViewStatus) -> dict[str, object]:
    age = view.last_read_age
    return {
        "name": view.name,
        "generation": view.generation,
        "state": view.state.value,
        "position": view.position,
        "lagEvents": view.lag_events,
        "lagSeconds": round(view.lag_seconds, 3),
        "lastReadSeconds": None if age is None or math.isinf(age) else round(age, 3),
        "complete": view.complete,
        "parked": view.parked,
    }


async def _within(check: Check) -> object:
    async with asyncio.timeout(_PATIENCE):
        return await check()


def _standing(outcome: object) -> str:
    return "down" if _bad(outcome) else "absent" if outcome is ABSENT else "up"


def _bad(outcome: object) -> bool:
    return isinstance(outcome, BaseException)
