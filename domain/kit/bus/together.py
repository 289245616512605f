"""Several commands that are carried out together: all of them or none, each with a receipt of its own."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID

from domain.kit.aggregate import Aggregate
from domain.kit.bus.appends import AppendBuilder
from domain.kit.bus.decisions import NotLoaded, decide
from domain.kit.bus.drafts import Draft, drawn
from domain.kit.bus.found import FoundStreams, find, present
from domain.kit.bus.repository import Repository
from domain.kit.bus.requests import Request, raise_unless_conflict, require_version
from domain.kit.clock import Clock, at
from domain.kit.log import AppendReceipt, Log
from domain.kit.refusals import CommandIdReused, Contended, Refusal

Touched = tuple[Aggregate, ...]
Stored = Callable[[UUID, Sequence[UUID], Touched, Sequence[UUID]], Awaitable[None]]
"""Told of what was appended: the tenant, the stream of each event, what was touched, what has personal fields."""


class RefusedTogether(Exception):
    """One of several commands was refused, so that none was carried out."""

    def __init__(self, place: int, refusal: Refusal) -> None:
        super().__init__(f"command {place}: {refusal}")
        self.place = place
        """Which one, from 0."""
        self.refusal = refusal


class Together:
    """Carries out several commands of one caller in their order: each decides on what those before it did."""

    def __init__(
        self, log: Log, repository: Repository, appends: AppendBuilder, clock: Clock, stored: Stored
    ) -> None:
        self._log = log
        self._repository = repository
        self._appends = appends
        self._clock = clock
        self._stored = stored

    async def known(self, requests: Sequence[Request]) -> dict[int, AppendReceipt]:
        """The receipts of those that were carried out before, by their places. Raises RefusedTogether."""
        tenant_id = requests[0].by.tenant_id
        found = await self._log.receipts(tenant_id, [request.command_id for request in requests])
        receipts: dict[int, AppendReceipt] = {}
        places: dict[UUID, int] = {}
        for place, request in enumerate(requests):
            if places.setdefault(request.command_id, place) != place:
                raise RefusedTogether(place, CommandIdReused())
            if (stored := found.get(request.command_id)) is not None:
                receipts[place], digest = stored
                if digest not in self._appends.known_digests(request):
                    raise RefusedTogether(place, CommandIdReused())
        return receipts

    async def carry_out(
        self, requests: Sequence[Request], known: dict[int, AppendReceipt], attempts: int
    ) -> list[AppendReceipt]:
        """The receipts, in the order of the commands, of which some are ``known``. Raises RefusedTogether, or the
        refusal of all of them."""
        tenant_id = requests[0].by.tenant_id
        fresh, besides = False, set[UUID]()
        receipts = known
        for attempt in range(attempts):
            if attempt:
                receipts = await self.known(requests)
            wanted = {place: each for place, each in enumerate(requests) if place not in receipts}
            if not wanted:
                return [receipts[place] for place in range(len(requests))]
            commands = [request.command for request in wanted.values()]
            found = await find(self._repository, tenant_id, commands, besides, fresh=fresh)
            try:
                drafts, touched = self._decide(wanted, found)
            except RefusedTogether:
                if fresh:
                    raise
                # What was cached may be behind; a refusal must be right.
                fresh = True
                continue
            except NotLoaded as absent:
                besides |= set(absent.ids)
                continue
            appends = [await self._appends.build(wanted[place], draft) for place, draft in drafts.items()]
            outcomes = await self._log.append_all(appends)
            for place, outcome in zip(wanted, outcomes, strict=False):
                try:
                    raise_unless_conflict(outcome, wanted[place].command)
                except Refusal as refusal:
                    raise RefusedTogether(place, refusal) from None
                if isinstance(outcome, AppendReceipt):
                    receipts[place] = outcome
            if len(receipts) == len(requests):
                if not any(isinstance(outcome, AppendReceipt) and outcome.repeated for outcome in outcomes):
                    grown = [event.originator_id for append in appends for event in append.events]
                    personal = [id for draft in drafts.values() for id in draft.personal]
                    await self._stored(tenant_id, grown, touched, personal)
                return [receipts[place] for place in range(len(requests))]
            fresh = True
        raise Contended()

    def _decide(
        self, requests: Mapping[int, Request], found: FoundStreams
    ) -> tuple[dict[int, Draft], Touched]:
        streams, looked_for, now = dict(found.streams), set(found.looked_for), self._clock.now()
        drafts, all_touched = dict[int, Draft](), dict[UUID, Aggregate]()
        tenant_id = next(iter(requests.values())).by.tenant_id
        try:
            for place, request in requests.items():
                try:
                    require_version(request, streams)
                    named = present(request.command, streams)
                    for field, aggregate in named.items():
                        aggregate.require_present(field=field)
                    with at(now):
                        decided = decide(request.command, streams, request.by, now, looked_for)
                except Refusal as refusal:
                    raise RefusedTogether(place, refusal) from None
                touched = {aggregate.id: aggregate for aggregate in (*named.values(), *decided)}
                streams |= touched
                all_touched |= touched
                drafts[place] = drawn(tuple(touched.values()))
        except BaseException:
            for id in streams:
                self._repository.forget(tenant_id, id)
            raise
        # What was changed is not in the log yet, so nobody else may see it.
        for id in {event.originator_id for draft in drafts.values() for _, event in draft.events}:
            self._repository.forget(tenant_id, id)
        return drafts, tuple(all_touched.values())
