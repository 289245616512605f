"""Patterns and watches, and what was found: one by one, listed, and live."""

from contextlib import AbstractAsyncContextManager

import strawberry

from api.gateway.sources import Source
from api.kit.model import Node, Resource, headed, linked, shows
from api.kit.schema.mutations import Sending, Sent
from domain.gateway.detection import anomaly_watches, patterns
from domain.gateway.detection.ports import DefinitionTurns
from domain.kit.log import Selection
from domain.kit.refusals import Refusal
from projections.gateway.detection import (
    Anomalies,
    AnomalyRow,
    AnomalyWatches,
    AnomalyWatchRow,
    EventPatternRow,
    EventPatterns,
    PatternMatches,
    PatternMatchRow,
)
from projections.gateway.sources import Sources
from projections.kit.read.keyset import Order

READ, WRITE = "gateway:read", "gateway:write"


@shows(PatternMatchRow, needs=READ)
class PatternMatch(Node):
    """A time that a pattern was found."""


@shows(EventPatternRow, needs=READ)
class EventPattern(Node):
    """What is looked for in events that belong together."""

    matches = headed(
        PatternMatch,
        PatternMatches,
        "pattern_id",
        order=Order("created_at", descending=True),
        description="When it was found, the newest first.",
    )


@shows(AnomalyRow, needs=READ)
class Anomaly(Node):
    """An hour that deviates from those before."""


@shows(AnomalyWatchRow, needs=READ, leave_out=("source_id",))
class AnomalyWatch(Node):
    """A type of events whose number in each hour is compared with the hours before."""

    source = linked(Source, Sources, "source_id", "The source whose events are counted; null: those of all.")
    anomalies = headed(
        Anomaly,
        Anomalies,
        "watch_id",
        order=Order("hour", descending=True),
        description="The hours that it told, the newest first.",
    )


_PAGE = 1_000


async def _define_pattern(sending: Sending) -> Sent | Refusal:
    command = await sending.command(patterns.DefineEventPattern)
    async with _turn(sending):
        if await _standing(sending, patterns.EventPattern) >= patterns.MOST_PATTERNS:
            raise patterns.TooManyEventPatterns(most=patterns.MOST_PATTERNS)
        return await sending.send(command)


async def _define_watch(sending: Sending) -> Sent | Refusal:
    command = await sending.command(anomaly_watches.DefineAnomalyWatch)
    async with _turn(sending):
        if await _standing(sending, anomaly_watches.AnomalyWatch) >= anomaly_watches.MOST_WATCHES:
            raise anomaly_watches.TooManyAnomalyWatches(most=anomaly_watches.MOST_WATCHES)
        return await sending.send(command)


def _turn(sending: Sending) -> AbstractAsyncContextManager[None]:
    turns = sending.ask.port(DefinitionTurns)  # type: ignore[type-abstract]
    return turns.turn(sending.ask.caller.tenant_id)


async def _standing(
    sending: Sending, of: type[patterns.EventPattern] | type[anomaly_watches.AnomalyWatch]
) -> int:
    """How many of them the tenant has, by the log, as a view may be behind; none for what was executed already."""
    if await sending.was_executed():
        return 0
    ask, standing, after = sending.ask, 0, 0
    types = [of.Defined.stored_as, of.Deleted.stored_as]
    wanted = Selection(types=types, tenant_id=ask.caller.tenant_id)
    while page := await ask.services.log.read(after=after, limit=_PAGE, select=wanted):
        standing += sum(1 if each.type == types[0] else -1 for each in page)
        after = page[-1].position
    return standing


_patterns = Resource(EventPattern, EventPatterns, read=READ, write=WRITE)
_matches = Resource(PatternMatch, PatternMatches, read=READ, plural="pattern matches")
_watches = Resource(AnomalyWatch, AnomalyWatches, read=READ, write=WRITE, plural="anomaly watches")
_anomalies = Resource(Anomaly, Anomalies, read=READ, plural="anomalies")


@strawberry.type
class Query:
    event_pattern = _patterns.by_id("A pattern by id.")
    event_patterns = _patterns.list("The tenant's patterns, by pages.")
    pattern_match = _matches.by_id("A match of a pattern by id.")
    pattern_matches = _matches.list("What was found by patterns, by pages.")
    anomaly_watch = _watches.by_id("A watch by id.")
    anomaly_watches = _watches.list("The tenant's watches, by pages.")
    anomaly = _anomalies.by_id("An anomaly by id.")
    anomalies = _anomalies.list("What was found by watches, by pages.")


@strawberry.type
class Mutation:
    define_event_pattern = _patterns.mutation(patterns.DefineEventPattern, send=_define_pattern)
    disable_event_pattern = _patterns.mutation(patterns.DisableEventPattern)
    enable_event_pattern = _patterns.mutation(patterns.EnableEventPattern)
    delete_event_pattern = _patterns.mutation(patterns.DeleteEventPattern)
    define_anomaly_watch = _watches.mutation(anomaly_watches.DefineAnomalyWatch, send=_define_watch)
    delete_anomaly_watch = _watches.mutation(anomaly_watches.DeleteAnomalyWatch)
