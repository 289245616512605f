"""Pulls: a connector is read page by page, one pull of it at a time, and goes on after a kill from that page.

What a page holds is in the log before the cursor behind it is, so a page that was cut off is read again; what
came in of it is known by its ids. A full load is put aside as a whole first, and comes in from there.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.gateway.connectors.connector_commands import NotePage, NotePullEnd, NotePullFailure, StopConnector
from domain.gateway.connectors.connectors import Connector
from domain.gateway.connectors.pull_ports import ConnectorPages, PulledLoad, PulledPage
from domain.gateway.connectors.pull_state import Pulling
from domain.gateway.connectors.terms import SyncMode
from domain.kit.commands import Command
from domain.kit.log import Envelope
from domain.kit.process.effects import (
    Action,
    Call,
    Cancel,
    Done,
    Effect,
    Failed,
    Fired,
    Send,
    Then,
)
from domain.kit.process.ports import ProcessPorts
from domain.kit.process.process import Process, on, performs, when_done, when_due, when_failed
from domain.kit.process.schedules import Cron, next_timer, occurrence_id, occurrence_of

MOST_PAGES = 10_000
"""Pages of one pull."""
UNAUTHORIZED = frozenset({"http_401", "http_403", "credentials_unreadable"})
"""The faults after which trying again is of no use until somebody changes the connector."""
_MARKS = 500
"""Of so many cursors it is known whether they come again."""
_TIMER = "pull"
_TRIES = (0, 5, 30, 300)


class ConnectorPulls(Process[Pulling], name="gateway.connector_pulls", version=1):
    """Pull; a time that comes while a pull is under way is passed over."""

    slots = 16
    slots_each = 1
    kept = timedelta(days=2)

    class Pull(Effect, schedule=_TRIES, timeout=300):
        """Take in the next page."""

        connector_id: UUID
        run_id: UUID
        page: int

        @property
        def key(self) -> str:
            return f"pull {self.run_id} {self.page}"

    class Load(Effect, schedule=_TRIES, timeout=900):
        """Put a full load aside."""

        connector_id: UUID
        run_id: UUID
        at: datetime

        @property
        def key(self) -> str:
            return f"load {self.run_id}"

    class Swap(Effect, schedule=_TRIES, timeout=900):
        """Take in a full load that was put aside."""

        connector_id: UUID
        run_id: UUID
        file_id: UUID

        @property
        def key(self) -> str:
            return f"swap {self.run_id}"

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
    def pulled(self, state: Pulling | None, done: "Done[ConnectorPulls.Pull]") -> Then[Pulling]:
        if state is None:
            return Then(None)
        effect, page = done.action, done.result
        if page is None:
            return Then(state.idle())
        busy = bool(page["accepted"] or page["rejected"])
        noted = NotePage(
            id=effect.connector_id,
            round=page["round"],
            cursor=page["cursor"],
            accepted=page["accepted"],
            duplicates=page["duplicates"],
            rejected=page["rejected"],
        )
        # A look each few seconds that finds nothing is no event.
        quiet = state.mode is SyncMode.REAL_TIME and page["over"] and not busy and effect.page == 0
        actions: list[Action] = [] if quiet else [Send(noted)]
        state = replace(state, busy=state.busy or busy, marks=(*state.marks, page["mark"])[-_MARKS:])
        if not page["over"] and state.active:
            if page["cursor"] is not None and effect.page + 1 < MOST_PAGES:
                following = self.Pull(
                    connector_id=effect.connector_id, run_id=effect.run_id, page=effect.page + 1
                )
                return Then(state, *actions, following)
            return self._fail(state, effect.connector_id, "too_many_pages", done.at, *actions)
        if not page["over"]:
            return Then(state.idle(), *actions)
        return self._end(state, effect.connector_id, done.at, 0, *actions)

    @when_done(Load)
    def loaded(self, state: Pulling | None, done: "Done[ConnectorPulls.Load]") -> Then[Pulling]:
        effect = done.action
        if state is None or done.result is None or not state.active:
            return Then(state and state.idle())
        swap = self.Swap(
            connector_id=effect.connector_id, run_id=effect.run_id, file_id=UUID(str(done.result))
        )
        return Then(state, swap)

    @when_done(Swap)
    def swapped(self, state: Pulling | None, done: "Done[ConnectorPulls.Swap]") -> Then[Pulling]:
        load = done.result
        if state is None or load is None:
            return Then(state and state.idle())
        noted = NotePage(
            id=done.action.connector_id,
            round=0,
            cursor=None,
            accepted=load["accepted"],
            duplicates=load["duplicates"],
            rejected=load["rejected"],
        )
        state = replace(state, known=load["known"])
        return self._end(state, done.action.connector_id, done.at, load["gone"], Send(noted))

    @when_failed(Pull, Load, Swap)
    def failed(
        self,
        state: Pulling | None,
        failed: "Failed[ConnectorPulls.Pull | ConnectorPulls.Load | ConnectorPulls.Swap]",
    ) -> Then[Pulling]:
        if state is None:
            return Then(None)
        return self._fail(state, failed.action.connector_id, failed.error[:100] or "failed", failed.at)

    @when_failed(NotePage, NotePullEnd, NotePullFailure, StopConnector)
    def unnoted(self, state: Pulling | None, failed: Failed[Command]) -> Then[Pulling]:
        """The connector was deleted."""
        return Then(state)

    @performs(Pull)
    async def pull(self, effect: Pull, call: Call[Pulling]) -> PulledPage | None:
        connector = await self._connector(call, effect.connector_id)
        if connector is None or call.state is None:
            return None
        begins = effect.page == 0 and connector.mode is SyncMode.BATCH
        cursor = None if begins else connector.cursor
        page = await self._pages.page(
            call.tenant_id,
            connector,
            cursor,
            before=call.state.marks,
            page_id=call.key,
            again=call.attempt > 1,
        )
        if page.over and connector.mode is SyncMode.BATCH:
            page = replace(page, cursor=None)
        return replace(page, round=connector.round)

    @performs(Load)
    async def load(self, effect: Load, call: Call[Pulling]) -> UUID | None:
        connector = await self._connector(call, effect.connector_id)
        if connector is None or call.state is None:
            return None
        return await self._pages.load(
            call.tenant_id, connector, call.state.known, run_id=effect.run_id, at=effect.at
        )

    @performs(Swap)
    async def swap(self, effect: Swap, call: Call[Pulling]) -> PulledLoad | None:
        connector = await self._connector(call, effect.connector_id)
        if connector is None:
            return None
        return await self._pages.swap(
            call.tenant_id, connector, effect.file_id, run_id=effect.run_id, again=call.attempt > 1
        )

    async def _connector(self, call: Call[Pulling], id: UUID) -> Connector | None:
        found = (await self._repository.get(call.tenant_id, [id], fresh=True)).get(id)
        ready = isinstance(found, Connector) and not found.ended and found.active
        return found if ready and isinstance(found, Connector) else None

    def _begin(self, state: Pulling, id: UUID, run_id: UUID, at: datetime) -> Then[Pulling]:
        begun = replace(state, run_id=run_id, marks=(), busy=False)
        if state.mode is SyncMode.FULL:
            return Then(begun, self.Load(connector_id=id, run_id=run_id, at=at))
        return Then(begun, self.Pull(connector_id=id, run_id=run_id, page=0))

    def _end(self, state: Pulling, id: UUID, at: datetime, gone: int, *actions: Action) -> Then[Pulling]:
        silent = state.mode is SyncMode.REAL_TIME and not state.failures and not state.busy
        ended = replace(state.idle(), failures=0)
        if silent:
            return Then(ended, *actions)
        return Then(ended, *actions, Send(NotePullEnd(id=id, next_at=ended.shown(at), gone_items=gone)))

    def _fail(self, state: Pulling, id: UUID, error: str, at: datetime, *actions: Action) -> Then[Pulling]:
        if error in UNAUTHORIZED:
            return Then(state.idle(), *actions, Send(StopConnector(id=id, error=error)))
        ended = replace(state.idle(), failures=state.failures + 1)
        failure = Send(NotePullFailure(id=id, error=error, next_at=ended.shown(at)))
        timer = next_timer(_TIMER, ended.next_at(at)) if ended.active and ended.seconds is not None else ()
        return Then(ended, *actions, failure, *timer)
