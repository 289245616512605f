"""What a request's resolvers work with: who asks, and the reading and writing side of the product."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any, TypeVar
from uuid import UUID

import strawberry
from graphql import OperationType
from strawberry.dataloader import DataLoader

from api.kit.execution.documents import Operation
from api.kit.execution.engine import Context
from api.kit.execution.errors import ClientError
from api.kit.schema.access_log import AccessRecord
from api.kit.schema.linked_rows import LinkedRows
from api.kit.schema.past_reads import PastReads
from api.kit.schema.row_visibility import RowVisibility
from api.kit.schema.scalars import Position
from api.kit.schema.services import Services as Services
from domain.kit.caller import SYSTEM, Caller
from projections.kit.declare.folds import Key
from projections.kit.declare.postgres import PostgresView
from projections.kit.declare.row import R
from projections.kit.declare.view import View
from projections.kit.read.circuit_breaker import Unavailable
from projections.kit.read.row_visibility import Sight
from projections.kit.read_position import ReadPosition

P = TypeVar("P")
K = TypeVar("K")
V = TypeVar("V")
_LONGEST_NAME = 100
"""What the audit keeps of an operation's name, which clients make up."""


@dataclass
class RequestContext(Context[Caller]):
    """One execution of one operation."""

    services: Services = field(kw_only=True)
    correlation_id: str | None = field(default=None, kw_only=True)
    """Under which the request is logged, and its events are stored."""
    _loaders: dict[type[PostgresView[Any]], DataLoader[Key, Any]] = field(default_factory=dict)
    _batches: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict)
    _after: int = 0
    _at_least: dict[type[View[Any]], int] = field(default_factory=dict)
    _deadline: float | None = None
    _reading: ReadPosition | None = None
    _moments: dict[str | int, int] = field(default_factory=dict)
    _openings: DataLoader[str, str] | None = None
    _plain: dict[str, str] = field(default_factory=dict)
    _masked: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    confidential: set[str] = field(default_factory=set)
    """The confidential fields that this execution has shown in full."""
    subjects: dict[UUID, None] = field(default_factory=dict)
    """The persons of whom it has shown something, in order."""
    written: int = 0
    """The last position that a command of this execution wrote."""
    trace: Mapping[str, object] = field(default_factory=dict)
    """What is known about the request, for the metadata of the events it causes."""

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return self.identity

    @property
    def home(self) -> UUID:
        """See `Caller.home`."""
        return self.caller.home

    async def at_home(self, view: type[PostgresView[R]], *key: object) -> R | None:
        """A row of the caller's own in their `home`; whoever asks sees to it that it is theirs."""
        return (await self.services.rows.get(view, self.home, [key])).get(key)

    @property
    def keepable(self) -> bool:
        """See the base: nothing confidential or of a person, which would lie about where its reader sat."""
        return not self.confidential and not self.subjects

    async def begin(self) -> None:
        """See the base: nothing is read that cannot be recorded."""
        await self.services.access_log.ready()
        self._reading = await self.services.progress.begin_reading()

    def guard(self) -> AbstractAsyncContextManager[object]:
        """See the base: the database of the caller's tenant."""
        return self.services.guard()

    def end(self, operation: Operation, outcome: str) -> None:
        """See the base: the audit hears of it, unless it says nothing but what the schema is."""
        caller = self.caller
        if caller.kind == "nobody" or operation.introspects:
            return
        if self._reading is not None and operation.kind is not OperationType.SUBSCRIPTION:
            position = self._reading.told(self.extensions.pop("position", None), self.written)
            if position is not None:
                self.extensions["position"] = position
        self.services.access_log.note(
            AccessRecord(
                tenant_id=caller.tenant_id,
                user_id=None if caller.user_id == SYSTEM else caller.user_id,
                session_id=caller.session_id,
                kind=caller.kind,
                operation=(operation.name or "")[:_LONGEST_NAME],
                root_fields=operation.root_fields,
                fields=operation.fields,
                subjects=tuple(self.subjects),
                revealed=tuple(sorted(self.confidential)),
                at=datetime.now(UTC),
                correlation_id=self.correlation_id,
                outcome=outcome,
            )
        )

    def wrote(self, position: int) -> None:
        """A command of this execution wrote up to this position."""
        if self._reading is not None and not self.written:
            # Nothing is shown that was read before.
            self._reading.restart()
        self.written = max(self.written, position)

    async def opened(self, text: str) -> str:
        """A sealed text of the tenant in plain; all that are asked for at the same time are opened at once."""
        if self._openings is None:
            self._openings = DataLoader(partial(self.services.opening.open, self.caller.tenant_id))
        plain = self._plain[text] = await self._openings.load(text)
        return plain

    def plain(self, text: str) -> str | None:
        """A sealed text in plain, if it has been `opened`."""
        return self._plain.get(text)

    def revealed(self, name: str, subject: UUID | None, *, confidential: bool) -> None:
        """Note for the audit that a field, of a person where one is given, was shown in full."""
        if confidential:
            self.confidential.add(name)
        if subject is not None:
            self.subjects[subject] = None

    def masked(self, field: str, permission: str) -> None:
        """Say in the answer's extensions that a field, such as ``Task.description``, was masked at least once.

        For want of ``permission``; without one, because this installation masks the personal data of others.
        """
        said = self._masked.setdefault((field, permission), {"field": field, "reason": "SETTING"})
        if permission:
            said |= {"reason": "PERMISSION", "permission": permission}
        self.extensions["masked"] = list(self._masked.values())

    def port(self, kind: type[P]) -> P:
        """What the composition root made for a context under this type."""
        found = self.services.ports[kind]
        assert isinstance(found, kind)
        return found

    @cached_property
    def seeing(self) -> RowVisibility:
        """What the caller may see of the tenant's rows."""
        services = self.services
        return RowVisibility(services.sights, services.rows, self.caller)

    @property
    def sight(self) -> Sight:
        """What the caller may see, as conditions on what is read."""
        return self.seeing.sight

    @cached_property
    def past(self) -> PastReads:
        """The past of the caller's tenant."""
        services = self.services
        return PastReads(services.as_of, services.rows, self.caller.tenant_id, self.seeing, services.opening)

    def look_back(self, info: "Info", at: int) -> None:
        """From here on this root field, and all that is below it, is shown as of a position."""
        self._moments[_root(info)] = at

    @property
    def looks_back(self) -> bool:
        """Whether any root field is shown as of a position."""
        return bool(self._moments)

    def moment(self, info: "Info") -> int | None:
        """The position that the field is shown as of, None when it is shown as it is now."""
        return self._moments.get(_root(info))

    def require(self, permission: str) -> None:
        """Raise a client's error unless the caller holds the permission."""
        if not self.identity.may(permission):
            raise ClientError(
                f"This needs the permission {permission}.", code="FORBIDDEN", permission=permission
            )

    async def caught_up(self, view: type[View[Any]], after: Position | None) -> None:
        """From here on the answer reflects this position, and that of the request, in this view and in all that
        hangs on it. Raises a client's error for a position that the log has not come to."""
        if least := await self._least(after or 0):
            await self.reached(view, least)

    async def _least(self, after: int = 0) -> int:
        """The position that the answer reflects from here on."""
        if (wanted := max(after, self.after)) > self._after:
            head = await self.services.log.head()
            if wanted > head:
                raise ClientError(
                    f"Position {wanted} does not exist yet; the log ends at {head}.",
                    code="POSITION_IN_FUTURE",
                )
            self._after = wanted
            # What was read before may be older.
            self.__dict__.pop("links", None)
        return self._after

    async def reached(self, view: type[View[Any]], position: int) -> None:
        """Wait until the view has folded the position; when time is over, say that the answer is stale.

        However many views an answer shows, the time is the same.
        """
        self._at_least[view] = max(self._at_least.get(view, 0), position)
        now = asyncio.get_running_loop().time()
        self._deadline = self._deadline or now + self.services.after_wait
        progress = self.services.progress
        if await progress.wait_for(view.name, position, self._deadline - now):
            if self._reading is not None:
                self._reading.reached(view.name, position)
        else:
            stands = await progress.position_of(view.name)
            # Of several views, the one that is furthest behind.
            self.extensions["position"] = str(min(stands, int(str(self.extensions.get("position", stands)))))
            self.extensions["stale"] = True

    async def row(self, view: type[PostgresView[R]], *key: object) -> R | None:
        """The row with this key, or None. All rows asked for at the same time are read at once."""
        if view not in self._loaders:
            # Nothing is cached across fields: a mutation may have changed the row in between.
            self._loaders[view] = DataLoader(partial(self._load, view), cache=False)
        found: R | None = await self._loaders[view].load(key)
        return found

    async def linked(self, view: type[PostgresView[R]], id: object) -> R | None:
        """The row that another row names by its id.

        What a receipt shows may name something made a moment ago, which its view has yet to fold; only
        then, when the row is absent, is that view waited for.
        """
        row = await self.row(view, id)
        if row is None and self.written:
            await self.reached(view, self.written)
            row = await self.row(view, id)
        return row

    @cached_property
    def links(self) -> LinkedRows:
        """What lists are linked with, as it is now."""
        return LinkedRows(self.row)

    async def rows(self, view: type[PostgresView[R]], keys: list[Key]) -> list[R]:
        """The rows with these keys, in their order; absent ones are left out."""
        return [row for row in await self._load(view, keys) if row is not None]

    async def batched(self, load: Callable[[UUID, int, list[K]], Awaitable[list[V]]], key: K) -> V:
        """What ``load`` (tenant, least position, keys) gives for a key; asked for at one time, loaded at once."""
        if load not in self._batches:

            async def loads(keys: list[K]) -> list[V]:
                return await load(self.caller.tenant_id, await self._least(), keys)

            self._batches[load] = DataLoader(loads, cache=False)
        found: V = await self._batches[load].load(key)
        return found

    async def _load(self, view: type[PostgresView[Any]], keys: list[Key]) -> list[Any]:
        wanted, tenant_id = set(keys), self.caller.tenant_id
        await self.caught_up(view, None)
        rows: dict[Key, Any] = {}
        if (twin := self.services.twins.get(view)) is not None:
            # Down, still being filled or behind: Postgres has it.
            with suppress(Unavailable):
                found = await twin.get_many(tenant_id, wanted, at_least=self._at_least.get(view, 0))
                rows = dict(zip(found, await self.seeing.visible(view, list(found.values())), strict=True))
        if absent := wanted - rows.keys():
            where = self.sight.conditions(view)
            rows |= await self.services.rows.get(view, tenant_id, absent, where=where)
        return [rows.get(key) for key in keys]


Info = strawberry.Info[RequestContext, None]


def _root(info: Info) -> str | int:
    """The name in the answer of the root field that a field stands below."""
    path = info.path
    while path.prev is not None:
        path = path.prev
    return path.key
