"""Subscriptions that ask the same share one source, one execution and one encoding of each event."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import aclosing
from typing import Generic, Protocol, TypeVar

import orjson
from graphql import OperationType

from api.kit.execution.documents import Operation
from api.kit.execution.engine import Engine, Told
from api.kit.execution.errors import FormattedError, failure, internal_error
from api.kit.execution.request import GraphQLRequest
from api.kit.http.quota import Quota

I = TypeVar("I")  # noqa: E741

_HELD = 8
"""About how often what a client sends is held, as text, tree and values."""


class Subscriber(Protocol):
    """One running operation of one client."""

    def next(self, answer: str, cursor: str | None) -> None:
        """Take the JSON of an answer, and the cursor of what it tells; must not wait."""

    def refuse(self, errors: list[FormattedError]) -> None:
        """The operation never started."""

    def complete(self) -> None:
        """No more answers will come."""

    async def ready(self) -> None:
        """Wait until the client has taken most of what it was given."""


class _Group:
    def __init__(self) -> None:
        # What gives the place of each back that it takes of its caller's.
        self.members: dict[Subscriber, Callable[[], None]] = {}
        self.task: asyncio.Task[None] | None = None


class Fanout(Generic[I]):
    """Groups subscribers by document, operation, variables and scope of authorisation.

    `scope(identity)` says who may see the same: two identities with the same scope must get the same answer
    to every subscription. None means that the identity shares with nobody. A group runs under the identity
    of its first member. Who joins later hears what happens from then on; who gives `resumeFrom` wants what
    happened before as well, so it gets a source of its own, which waits for the client (a backlog is no
    sign of a slow one) instead of filling its outbox. Each subscription takes a place of its caller's ``quota``
    until it ends, shared or not.
    """

    def __init__(self, engine: Engine[I], scope: Callable[[I], Hashable], quota: Quota) -> None:
        self._engine = engine
        self._quota = quota
        self._scope = scope
        self._groups: dict[Hashable, _Group] = {}
        self._noting: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._groups)

    def join(
        self, operation: Operation, request: GraphQLRequest, identity: I, subscriber: Subscriber
    ) -> Callable[[], None]:
        """Start an operation of any kind; call what is returned to leave, which may be done twice.

        A mutation goes on when its client leaves: it may have been carried out already. Raises RequestError when
        the caller has too many subscriptions.
        """
        scope = self._scope(identity)
        live = operation.kind is OperationType.SUBSCRIPTION
        shared = live and scope is not None and not operation.own and not operation.resumes(request)
        key: Hashable = object()
        variables = orjson.dumps(request.variables, option=orjson.OPT_SORT_KEYS) if live else b""
        if shared:
            key = (operation.text, operation.name, variables, scope)
        share = self._engine.share(identity) if live else None
        size = _HELD * (len(operation.text) + len(variables))
        give_back = _nothing if share is None else self._quota.take(*share, size)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group()
            answers = self._engine.answers(operation, request, identity)
            group.task = asyncio.create_task(self._run(key, group, answers, shared))
        else:
            self._joining(operation, request, identity)
        group.members[subscriber] = give_back

        def leave() -> None:
            group.members.pop(subscriber, None)
            give_back()
            done = not group.members and operation.kind is not OperationType.MUTATION
            if done and self._groups.get(key) is group:
                # Whoever comes now starts a new group: this one is about to end.
                del self._groups[key]
                task, group.task = group.task, None
                if task is not None:
                    task.cancel()

        return leave

    def _joining(self, operation: Operation, request: GraphQLRequest, identity: I) -> None:
        noting = asyncio.create_task(self._engine.shared(operation, request, identity))
        self._noting.add(noting)
        noting.add_done_callback(self._noted)

    def _noted(self, noting: "asyncio.Task[None]") -> None:
        self._noting.discard(noting)
        if not noting.cancelled() and (error := noting.exception()) is not None:
            internal_error(error)

    async def _run(
        self, key: Hashable, group: _Group, answers: AsyncGenerator[Told, None], shared: bool
    ) -> None:
        refused: list[FormattedError] | None = None
        try:
            async with aclosing(answers):
                async for body, cursor in answers:
                    answer = body.decode()
                    if not shared:
                        for member in tuple(group.members):
                            await member.ready()
                    for member in tuple(group.members):
                        member.next(answer, cursor)
                    # A source with a backlog never waits, and then no client would be sent anything.
                    await asyncio.sleep(0)
                    if not shared:
                        for member in tuple(group.members):
                            await member.ready()
        except Exception as error:  # noqa: BLE001 A group is an edge: logged once, told to every member.
            refused = failure(error).errors
        finally:
            if self._groups.get(key) is group:
                del self._groups[key]
            # What a task ends with leads back here, and holds all that its clients sent.
            group.task = None
        for member, give_back in tuple(group.members.items()):
            give_back()
            if refused is None:
                member.complete()
            else:
                member.refuse(refused)


def _nothing() -> None:
    pass
