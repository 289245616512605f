"""Pulls: a connector is read page by page, one pull of it at a time, and goes on after a kill from that page.

What a page holds is in the log before the cursor behind it is, so a page that was cut off is read again; what
came in of it is known by its ids. A full load is put aside as a whole first, and comes in from there.
"""

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from domain.gateway.connectors.connector_commands import NotePage, NotePullEnd, NotePullFailure, StopConnector
from domain.gateway.connectors.connectors import Connector
from domain.gateway.connectors.pull_effects import Discard, Load, Pull, Swap, tried
from domain.gateway.connectors.pull_ports import ConnectorPages, PulledLoad, PulledPage
from domain.gateway.connectors.pull_state import Pulling
from domain.gateway.connectors.terms import LONGEST_FAULT, SyncMode
from domain.kit.commands import Command
from domain.kit.log import Envelope
from domain.kit.process.effects import (
    Action,
    Call,
    Cancel,
    Done,
    Failed,
    Fired,
    Send,
    Then,
)
from domain.kit.process.ports import ProcessPorts
from domain.kit.process.process import Process, on, performs, when_done, when_due, when_failed
from domain.kit.process.schedules import Cron, next_timer, occurrence_id, occurrence_of
from domain.kit.refusals import NotFound

_logger = logging.getLogger(__name__)

MOST_PAGES = 10_000
"""Pages of one pull."""
UNAUTHORIZED = frozenset({"http_401", "http_403", "sign_in_refused"})
"""The faults after which trying again is of no use until somebody changes the connector."""
_MARKS = 1_000
"""Of so many cursors and pages it is known whether they come again."""
_TIMER = "pull"


class ConnectorPulls(Process[Pulling], name="gateway.connector_pulls", version=1):
    """Pull; a time that comes while a pull is under way is passed over."""

    slots = 16
    slots_each = 1
    kept = timedelta(days=2)

    def __init__(self, ports: ProcessPorts, pages: ConnectorPages) -> None:
        self._repository, self._pages = ports.repository, pages

    @on(Connector.Registered)
    def registered(self, state: Pulling | None, event: Connector.Registered) -> Then[Pulling]:
        begun = Pulling(mode=event.mode, cron=event.cron, zone=event.zone, seconds=event.seconds)
        return Then(begun, *next_timer(_TIMER, event.next_at))

    @on(Connector.Changed)
    def changed(self, state: Pulling | None, event: Connector.Changed) -> Then[Pulling]:
        if state is None:
            return Then(None)
        state = replace(state, cron=event.cron, zone=event.zone, seconds=event.seconds, failures=0)
        return Then(state, Cancel(_TIMER), *next_timer(_TIMER, event.next_at))

    @on(Connector.Paused, Connector.Stopped)
    def paused(self, state: Pulling | None, event: Connector.Paused | Connector.Stopped) -> Then[Pulling]:
        return Then(state and replace(state, active=False), Cancel(_TIMER))

    @on(Connector.Resumed)
    def resumed(self, state: Pulling | None, event: Connector.Resumed) -> Then[Pulling]:
        if state is None:
            return Then(None)
        return Then(replace(state, active=True, failures=0), *next_timer(_TIMER, event.next_at))

    @on(Connector.PullRequested)
    def requested(
        self, state: Pulling | None, event: Connector.PullRequested, envelope: Envelope
    ) -> Then[Pulling]:
        if state is None or state.run_id is not None or not state.active:
            return Then(state)
        return self._begin(state, event.originator_id, envelope.event_id, event.timestamp)

    @on(Connector.Deleted)
    def deleted(self, state: Pulling | None, event: Connector.Deleted) -> Then[Pulling]:
        return Then(None)

    @when_due(_TIMER)
    def due(self, state: Pulling, fired: Fired) -> Then[Pulling]:
        id = UUID(fired.instance)
        if state.cron is not None:
            following = occurrence_of(Cron(state.cron, state.zone), id, fired).next_at
        else:
            following = state.next_at(fired.at)
        timer = next_timer(_TIMER, following)
        if state.run_id is not None:
            return Then(state, *timer)
        begun = self._begin(state, id, occurrence_id(id, fired.due_at), fired.at)
        return Then(begun.state, *begun.actions, *timer)

    @when_done(Pull)
    def pulled(self, state: Pulling | None, done: Done[Pull]) -> Then[Pulling]:
        if state is None:
            return Then(None)
        effect, page = done.action, done.result
        if page is None:
            return Then(_with_half(state, effect).idle())
        busy = bool(page["fresh"])
        if effect.page_id is not None and effect.page_id == state.half:
            state = state.whole()
        noted = NotePage(
            id=effect.connector_id,
            round=page["round"],
            cursor=page["cursor"],
            accepted=page["accepted"],
            duplicates=page["duplicates"],
            rejected=page["rejected"],
        )
        # A look each few seconds that finds nothing is no event.
        quiet = state.mode is SyncMode.REAL_TIME and page["over"] and effect.page == 0
        quiet = quiet and not busy and not page["moved"]
        actions: list[Action] = [] if quiet else [Send(noted)]
        state = replace(
            state,
            busy=state.busy or busy or page.get("retried", False),
            marks=(*state.marks, page["mark"], page.get("content", ""))[-_MARKS:],
        )
        if not page["over"] and state.active:
            if page["cursor"] is not None and effect.page + 1 < MOST_PAGES:
                following = self._page(state, effect.connector_id, effect.run_id, effect.page + 1)
                return Then(state, *actions, following)
            return self._fail(state, effect.connector_id, "too_many_pages", done.at, *actions)
        if not page["over"]:
            return Then(state.idle(), *actions)
        return self._end(state, effect.connector_id, done.at, 0, *actions)

    @when_done(Load)
    def loaded(self, state: Pulling | None, done: Done[Load]) -> Then[Pulling]:
        effect = done.action
        if done.result is None:
            return Then(state and state.idle())
        file_id = UUID(str(done.result))
        if state is None or not state.active:
            return Then(state and state.idle(), Discard(file_id=file_id))
        swap = Swap(
            connector_id=effect.connector_id,
            run_id=effect.run_id,
            file_id=file_id,
            at=effect.at,
            half=effect.half,
        )
        return Then(state, swap)

    @when_done(Swap)
    def swapped(self, state: Pulling | None, done: Done[Swap]) -> Then[Pulling]:
        load, discard = done.result, Discard(file_id=done.action.file_id)
        if state is None or load is None:
            return Then(state and _with_half(state, done.action).idle(), discard)
        noted = NotePage(
            id=done.action.connector_id,
            round=0,
            cursor=None,
            accepted=load["accepted"],
            duplicates=load["duplicates"],
            rejected=load["rejected"],
        )
        state = replace(state, known=load["known"]).whole()
        then = self._end(state, done.action.connector_id, done.at, load["gone"], Send(noted))
        return Then(then.state, *then.actions, discard)

    @when_failed(Pull, Load, Swap)
    def failed(
        self,
        state: Pulling | None,
        failed: Failed[Pull | Load | Swap],
    ) -> Then[Pulling]:
        effect = failed.action
        discard = (Discard(file_id=effect.file_id),) if isinstance(effect, Swap) else ()
        if state is None:
            return Then(None, *discard)
        error = failed.error[:LONGEST_FAULT] or "failed"
        then = self._fail(_with_half(state, effect), effect.connector_id, error, failed.at)
        return Then(then.state, *then.actions, *discard)

    @when_failed(Discard)
    def undiscarded(self, state: Pulling | None, failed: Failed[Discard]) -> Then[Pulling]:
        """It goes after a week, as all files."""
        return Then(state)

    @when_failed(NotePage, NotePullEnd, NotePullFailure, StopConnector)
    def unnoted(self, state: Pulling | None, failed: Failed[Command]) -> Then[Pulling]:
        """The connector was deleted; what is refused for another reason is a fault of ours."""
        if failed.error != NotFound.code:
            _logger.error("%s was refused: %s", type(failed.action).__name__, failed.error)
        return Then(state)

    @performs(Pull)
    async def pull(self, effect: Pull, call: Call[Pulling]) -> PulledPage | None:
        connector = await self._connector(call, effect.connector_id)
        if connector is None or call.state is None:
            return None
        begins = effect.page == 0 and connector.mode is SyncMode.BATCH
        cursor = None if begins else connector.cursor
        reading = self._pages.page(
            call.tenant_id,
            connector,
            cursor,
            before=call.state.marks,
            page_id=effect.page_id or call.key,
            again=effect.again or call.attempt > 1,
        )
        page = await tried(call, connector.id, reading)
        if page.over and connector.mode is SyncMode.BATCH:
            page = replace(page, cursor=None)
        return replace(page, retried=call.attempt > 1, round=connector.round, moved=page.cursor != cursor)

    @performs(Load)
    async def load(self, effect: Load, call: Call[Pulling]) -> UUID | None:
        connector = await self._connector(call, effect.connector_id)
        if connector is None or call.state is None:
            return None
        loading = self._pages.load(
            call.tenant_id,
            connector,
            call.state.known,
            run_id=effect.run_id,
            load_id=effect.half or effect.run_id,
            at=effect.at,
        )
        return await tried(call, connector.id, loading)

    @performs(Swap)
    async def swap(self, effect: Swap, call: Call[Pulling]) -> PulledLoad | None:
        connector = await self._connector(call, effect.connector_id)
        if connector is None:
            return None
        return await self._pages.swap(
            call.tenant_id,
            connector,
            effect.file_id,
            load_id=effect.half or effect.run_id,
            again=effect.half is not None or call.attempt > 1,
        )

    @performs(Discard)
    async def discard(self, effect: Discard, call: Call[Pulling]) -> None:
        await self._pages.discard(call.tenant_id, effect.file_id)

    async def _connector(self, call: Call[Pulling], id: UUID) -> Connector | None:
        found = (await self._repository.get(call.tenant_id, [id], fresh=True)).get(id)
        ready = isinstance(found, Connector) and not found.ended and found.active
        return found if ready and isinstance(found, Connector) else None

    def _begin(self, state: Pulling, id: UUID, run_id: UUID, at: datetime) -> Then[Pulling]:
        begun = replace(state, run_id=run_id, marks=(), busy=False)
        if state.mode is SyncMode.FULL:
            load = Load(connector_id=id, run_id=run_id, at=state.half_at or at, half=state.half)
            return Then(begun, load)
        return Then(begun, self._page(begun, id, run_id, 0))

    def _page(self, state: Pulling, id: UUID, run_id: UUID, page: int) -> Pull:
        again = state.half is not None and page == state.half_page
        page_id = state.half if again else uuid5(run_id, f"page {page}")
        return Pull(connector_id=id, run_id=run_id, page=page, page_id=page_id, again=again)

    def _end(self, state: Pulling, id: UUID, at: datetime, gone: int, *actions: Action) -> Then[Pulling]:
        silent = state.mode is SyncMode.REAL_TIME and not state.failures and not state.busy
        ended = replace(state.idle(), failures=0)
        if silent:
            return Then(ended, *actions)
        noted = Send(NotePullEnd(id=id, next_at=ended.shown(at), gone_items=gone))
        # After failures the timer is far off.
        timer = self._set_again(ended, at) if state.failures else ()
        return Then(ended, *actions, noted, *timer)

    def _fail(self, state: Pulling, id: UUID, error: str, at: datetime, *actions: Action) -> Then[Pulling]:
        if error in UNAUTHORIZED:
            return Then(state.idle(), *actions, Send(StopConnector(id=id, error=error)))
        ended = replace(state.idle(), failures=state.failures + 1)
        failure = Send(NotePullFailure(id=id, error=error, next_at=ended.shown(at)))
        return Then(ended, *actions, failure, *self._set_again(ended, at))

    def _set_again(self, state: Pulling, at: datetime) -> tuple[Action, ...]:
        """The timer of what goes by seconds, in place of the one that is set."""
        return next_timer(_TIMER, state.next_at(at)) if state.active and state.seconds is not None else ()


def _with_half(state: Pulling, effect: Pull | Load | Swap) -> Pulling:
    """The state after an effect that was not brought to its end, of which a try may have taken something in."""
    match effect:
        case Pull():
            page = effect.page if state.mode is SyncMode.BATCH else 0
            return replace(state, half=effect.page_id, half_page=page)
        case Swap():
            return replace(state, half=effect.half or effect.run_id, half_at=effect.at)
        case _:
            return state
