"""Runs operations of a Strawberry schema on graphql-core and encodes their answers."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Hashable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

import strawberry
from graphql import ExecutionResult, GraphQLError, OperationType
from graphql.execution import Executor, create_source_event_stream
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.execution import optimized_is_awaitable

from api.kit.execution.access import Permit
from api.kit.execution.argument_places import one_of_fault, with_places
from api.kit.execution.documents import Documents, Operation
from api.kit.execution.encoding import encoded
from api.kit.execution.errors import (
    RETRY_AFTER,
    ClientError,
    FormattedError,
    RequestError,
    answer_errors,
    encode_errors,
    failure,
    forbidden,
)
from api.kit.execution.limits import Limits
from api.kit.execution.partial_answers import Refused, answerable, permitting
from api.kit.execution.quick_fields import reading_quickly
from api.kit.execution.request import GraphQLRequest
from api.kit.execution.resumption import resumed
from api.kit.execution.turns import Turns
from projections.kit.read.allowance import allow, allowed

I = TypeVar("I")  # noqa: E741


_FORBIDDEN = 403


@dataclass
class Context(Generic[I]):
    """What resolvers of one execution share; subclass it for loaders and ports.

    Each event of a subscription is an execution of its own, so nothing cached here outlives an answer.
    `extensions` go into the answer's `extensions`.
    """

    identity: I
    extensions: dict[str, object] = field(default_factory=dict)
    shared: bool = field(default=False, kw_only=True)
    """Whether others than this identity may be given the same answer, as of a subscription."""
    after: int = field(default=0, kw_only=True)
    """The position of the log that the answer is to reflect."""
    refused: Refused = field(default_factory=dict, kw_only=True)
    """The fields that are not resolved, because the identity lacks the permission."""

    @property
    def keepable(self) -> bool:
        """Whether a browser may keep what has been shown."""
        return True

    async def begin(self) -> None:
        """Called before an operation runs; may refuse it with a ClientError."""

    def guard(self) -> AbstractAsyncContextManager[object]:
        """Around what an execution awaits: raises when what it waits for is away."""
        return nullcontext()

    def end(self, operation: Operation, outcome: str) -> None:
        """Called when an operation has run (``done`` or ``failed``) or was ``denied``, in whole or in part, and
        when a subscription has begun (``done``)."""


class Answer(NamedTuple):
    """The JSON of an answer; whether it tells no errors, and whether a browser may keep it."""

    body: bytes
    sound: bool
    keepable: bool


class Told(NamedTuple):
    """The JSON of one answer of many, and the cursor of what it tells; None where nothing can resume after it."""

    body: bytes
    cursor: str | None = None


class Engine(Generic[I]):
    """One schema with its limits, ready to answer requests of any transport.

    Works on graphql-core below `Schema.execute`, so that documents are prepared once, variables are told
    apart from execution, and each event gets a context. Schema extensions would be skipped silently: a
    schema that has some is refused with ValueError. Field extensions work.

    `shares` gives the tenant and the caller whose turn an operation of an identity takes (see `Turns`); None
    takes none: that of a stranger, who may hardly do anything.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        make_context: Callable[[I], Context[I] | Awaitable[Context[I]]],
        limits: Limits,
        permits: Callable[[I, str | None], Permit] = lambda identity, need: Permit.GRANTED,
        shares: Callable[[I], tuple[Hashable, Hashable] | None] = lambda identity: ("", ""),
    ) -> None:
        if schema.extensions:
            raise ValueError("The schema has extensions, which this engine does not run.")
        self._schema = schema._schema
        self._executor_class: Any = permitting(reading_quickly(schema.execution_context_class))
        self._make_context = make_context
        self._permits = permits
        self._limits = limits
        self._shares = shares
        self._turns = Turns(limits.room_bytes, limits.caller_bytes, limits.caller_waiting)
        self._documents = Documents(self._schema, limits)

    def share(self, identity: I) -> tuple[Hashable, Hashable] | None:
        """The tenant and the caller to whom what an identity does is counted; None of a stranger."""
        return self._shares(identity)

    def operation(self, request: GraphQLRequest, identity: I) -> Operation:
        """The operation that a request of this identity names, within the limits. Raises RequestError."""
        return self._documents.operation(request, stranger=self._shares(identity) is None)

    def resumed(self, operation: Operation, cursor: str) -> Operation:
        """A subscription that goes on after a cursor; any other operation is as it was."""
        return resumed(self._schema, operation, cursor)

    @asynccontextmanager
    async def answering(
        self, operation: Operation, request: GraphQLRequest, identity: I
    ) -> AsyncIterator[Answer]:
        """The answer to a query or mutation, which counts as under way until the block ends.

        Raises RequestError when the variables are refused, or too much of the caller's is waiting.
        """
        if (share := self._shares(identity)) is None:
            yield await self._answer(operation, request, identity)
            return
        async with self._turns.of(*share, operation.weight.at(request.variables)) as turn:
            answer = await self._answer(operation, request, identity)
            turn.answered(len(answer.body))
            yield answer

    async def _answer(self, operation: Operation, request: GraphQLRequest, identity: I) -> Answer:
        context = await self._begun(operation, identity, request)
        context.after = request.after
        executor = self._executor(operation, request, context)
        allow(self._limits.caller_bytes, self._limits.read_seconds)
        try:
            async with context.guard():
                # Whether graphql-core gives an awaitable depends on the resolvers it met.
                result: Any = executor.execute_operation()
                result = await result if optimized_is_awaitable(result) else result
        except Exception:
            context.end(operation, "failed")
            raise
        outcome = "failed" if result.errors else "done"
        context.end(operation, "denied" if context.refused else outcome)
        written = operation.kind is OperationType.MUTATION
        body = encoded(result, context.extensions, self._limits.answer_bytes, written=written, refuse=True)
        return Answer(body, not body.startswith(b'{"errors"'), context.keepable)

    async def shared(self, operation: Operation, request: GraphQLRequest, identity: I) -> None:
        """Let an identity have the answers of a subscription that runs for another one like it."""
        (await self._begun(operation, identity, request)).end(operation, "done")

    async def answers(
        self, operation: Operation, request: GraphQLRequest, identity: I
    ) -> AsyncGenerator[Told, None]:
        """The one answer of a query or mutation, or every answer of a subscription."""
        if operation.kind is not OperationType.SUBSCRIPTION:
            async with self.answering(operation, request, identity) as answer:
                yield Told(answer.body)
            return
        async with aclosing(self._events(operation, request, identity)) as events:
            async for event in events:
                yield event

    async def _events(
        self, operation: Operation, request: GraphQLRequest, identity: I
    ) -> AsyncGenerator[Told, None]:
        """One JSON answer for each event of a subscription; a source that fails ends with an error answer.

        Raises RequestError before the first answer when the variables are refused.
        """
        context = await self._begun(operation, identity, request)
        executor = self._executor(operation, request, context)
        context.end(operation, "done")
        async with AsyncExitStack() as stack:
            try:
                async with context.guard():
                    source: Any = create_source_event_stream(executor)
                    source = await source if optimized_is_awaitable(source) else source
                if isinstance(source, ExecutionResult):
                    raise RequestError(answer_errors(source.errors or []), well_formed=True)
                if hasattr(source, "aclose"):
                    stack.push_async_callback(source.aclose)
                async for event in source:
                    context = await self._context(identity)
                    context.shared = True
                    each = executor.build_per_event_executor(event)
                    each.context_value = context
                    # What the source reads for the next ones is none of this one's.
                    with allowed(self._limits.caller_bytes, self._limits.read_seconds):
                        async with context.guard():
                            result: Any = each.execute_operation(False)
                            result = await result if optimized_is_awaitable(result) else result
                    body = encoded(result, context.extensions, self._limits.answer_bytes, written=False)
                    # Of what could not be told at all the client is to be told again.
                    cursor = None if result.data is None else getattr(event, "cursor", None)
                    yield Told(body, None if cursor is None else str(cursor))
            except RequestError:
                raise
            except Exception as error:  # noqa: BLE001 The edge of the program: logged here, told to the client.
                yield Told(encode_errors([_of_source(error)]))

    async def _context(self, identity: I) -> Context[I]:
        context = self._make_context(identity)
        return context if isinstance(context, Context) else await context

    async def _begun(self, operation: Operation, identity: I, request: GraphQLRequest) -> Context[I]:
        """The context of an operation that may run. Raises RequestError."""
        try:
            refused = self._admit(operation, identity)
        except RequestError as error:
            if error.status == _FORBIDDEN:
                (await self._context(identity)).end(operation, "denied")
            raise
        context = await self._context(identity)
        context.refused = refused
        operation.deprecated.count(request.variables)
        try:
            await context.begin()
        except ClientError as error:
            raise RequestError.of(
                error.message, "UNAVAILABLE", 503, {"retry-after": str(RETRY_AFTER)}
            ) from error
        return context

    def _admit(self, operation: Operation, identity: I) -> Refused:
        """The fields that are refused to the identity. Raises RequestError for an operation that is as a whole."""
        denied: dict[str | None, str] = {}
        for need, name in operation.needs.items():
            match self._permits(identity, need):
                case Permit.UNKNOWN:
                    raise RequestError.of(
                        "Send a token as `Authorization: Bearer …`.",
                        "UNAUTHENTICATED",
                        401,
                        {"www-authenticate": "Bearer"},
                    )
                case Permit.DENIED:
                    denied[need] = name
                case Permit.GRANTED:
                    pass
        if not denied:
            return {}
        refused = self._documents.refused(operation, denied.keys())
        partly = operation.kind is OperationType.QUERY and not self._limits.strict_permissions
        if partly and answerable(operation.root_fields, refused):
            return refused
        need, name = next(iter(denied.items()))
        raise forbidden(name, need, self._documents.root(operation, name))

    def _executor(self, operation: Operation, request: GraphQLRequest, context: Context[I]) -> Executor[Any]:
        executor: list[GraphQLError] | Executor[Any] = self._executor_class.build(
            self._schema,
            operation.document,
            None,
            context,
            dict(request.variables),
            operation.name,
            is_awaitable=optimized_is_awaitable,
        )
        if isinstance(executor, list):
            if isinstance(executor[0], StrawberryInputCoercionError):
                executor = [one_of_fault(self._schema, operation.node, request.variables) or executor[0]]
            placed = with_places(executor, operation.document, operation.node)
            raise RequestError.of_document(placed, "BAD_USER_INPUT")
        return executor


def _of_source(error: Exception) -> FormattedError:
    if isinstance(error, ClientError):
        return {**error.formatted}
    return failure(error).errors[0]
