"""A resource: the fields by which things of one kind are read, changed and watched.

    tasks = Resource(Task, Tasks, read="work:read", write="work:write")

    class Query:
        task = tasks.by_id("A task by id.")
        tasks = tasks.list("Tasks, by pages.", orders=("created_at",))

    class Mutation:
        create_task = tasks.mutation(CreateTask)

A list takes a filter by the columns that its type shows, and has a subscription to its changes, which takes the
same, here `taskChanged`. One that is more is said:

    class Subscription:
        member_changed = members.subscription("Every change of members.", within={"project_id": Projects})

What is matched by name is checked when the field is made: TypeError says which class and field do not fit.
"""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, cast, get_type_hints
from uuid import UUID

from strawberry.types.field import StrawberryField

from api.kit.schema.commands import Receipt, receipt
from api.kit.schema.context import Info
from api.kit.schema.fields import found, live
from api.kit.schema.filters import AnyView, ComputedField, RowFilter, owned, row_filter
from api.kit.schema.lists.connections import in_words, listed
from api.kit.schema.lists.list_arguments import narrowing, ordered, require_readable
from api.kit.schema.live.arguments import NOTHING, Within, about_id, is_of_others, taking
from api.kit.schema.live.changes import require_seen, watch
from api.kit.schema.live.interest import interest
from api.kit.schema.live.lists import LIVE, LiveList
from api.kit.schema.live.messages import Initial, ResumeFrom, messages
from api.kit.schema.mutations import Send, Sending, Sent, mutation, sentences
from api.kit.schema.node_types import Node, described_as, takes
from api.kit.schema.nodes import findable, found_by, in_view
from domain.kit.commands import Command
from domain.kit.events import event_class, snake
from domain.kit.refusals import Refusal
from projections.kit.declare.filters import EVERYTHING
from projections.kit.declare.postgres import PostgresView
from projections.kit.read.keyset import Order


class Resource:
    """Things of one kind: the GraphQL type that shows them, the view that holds them, who may read and write."""

    def __init__(
        self,
        shown: type,
        view: AnyView,
        *,
        read: str = "",
        write: str = "",
        name: str = "",
        plural: str = "",
        home: bool = False,
        own: str = "",
        own_read: str = "",
    ) -> None:
        """``name`` is the receipt's field that shows the thing and ``plural`` what they are called in a sentence,
        where that does not follow from the type's name; ``home``: see `receipt`. ``own`` is the column with the id
        of the person whose row it is, who finds it by its id without the permission to ``read``; where there is no
        such permission, nobody else does. With ``own_read``, the permission that takes, they also look it up in
        the past, list theirs and watch them."""
        self._shown, self._view, self._read, self._write = shown, view, read, write
        self._name, self._home = name or snake(shown.__name__), home
        self._noun = snake(shown.__name__).replace("_", " ")
        self._plural = plural or f"{self._noun}s"
        self._hints = get_type_hints(view.row)
        self._own, self._own_read = own, own_read
        self._watched = False
        self._filter: type[RowFilter] | None = None
        self._lists = narrowing(shown, view)
        self._lists.plural = self._plural
        if issubclass(shown, Node) and self._has_id:
            find, needs = in_view(view, read=read, own=own, home=home)
            findable(shown, find, needs=needs)

    @cached_property
    def receipt(self) -> type[Receipt]:
        """The receipt of a command on one of them, which shows it as it then stands."""
        return receipt(self._shown, self._view, name=self._name, home=self._home)

    def by_id(self, description: str) -> StrawberryField:
        """The field that looks one up by its id, as it is or as of a moment of the past."""
        if not self._has_id:
            raise TypeError(f"{self._view.__name__} has no id to look a {self._shown.__name__} up by.")
        if not self._own_read:
            return found(self._shown, self._view, description, needs=self._read)
        visible = partial(found_by, self._own, self._read)
        return found(self._shown, self._view, description, needs=self._own_read, visible=visible)

    def filter(
        self,
        *,
        only: Collection[str] | None = None,
        also: Collection[str] = (),
        but: Collection[str] = (),
        defaults: Mapping[str, Collection[Any]] = MappingProxyType({}),
        computed: Mapping[str, ComputedField] = MappingProxyType({}),
    ) -> type[RowFilter]:
        """Say what differs in the input that narrows them from what follows from the view: see `row_filter`."""
        if self._filter is not None:
            raise TypeError(f"{self._shown.__name__}Filter has been said, or used, before.")
        self._filter = row_filter(
            self._shown,
            self._view,
            name=self._lists.filter_name,
            description=self._lists.which,
            only=only,
            also=also,
            but=but,
            defaults=defaults,
            computed=computed,
        )
        self._lists.filter = self._filter
        return self._filter

    def list(self, description: str, *, orders: Sequence[str] = (), unwatched: str = "") -> StrawberryField:
        """The field that lists them by pages, narrowed by a filter and sorted by one of these columns, the first
        by default.

        Without ``orders`` these are all by which an index of the view sorts, in the order of the row's fields.
        The list has a subscription to its changes, narrowed by the same filter, unless ``unwatched`` says why not.
        """
        followed = LiveList(
            name=f"{snake(self._shown.__name__)}_changed",
            subscription=lambda: self.subscription(f"Every change of {self._plural}, as it happens."),
            declared=lambda: self._watched,
            unwatched=unwatched,
        )
        return self._listed(description, orders, followed)

    def own_list(self, description: str, *, order: Order | None = None) -> StrawberryField:
        """The same of the caller's own, with a subscription to their changes; ``order`` is that of the list where
        an index sorts them by whose they are and its column."""
        followed = LiveList(
            name=f"{'my_' if self._read else ''}{snake(self._shown.__name__)}_changed",
            subscription=lambda: self._watching(
                f"Every change of the caller's own {self._plural}, as it happens.", own=True
            ),
            declared=lambda: False,
            unwatched="",
        )
        if order is not None and not self._view.leads(self._own, order.by(self._view)):
            raise TypeError(f"{self._view.__name__}: no index sorts by {self._own!r} and {order.column!r}.")
        return self._listed(description, (), followed, own=self._own, order=order)

    def _listed(
        self,
        description: str,
        orders: Sequence[str],
        followed: LiveList,
        *,
        own: str = "",
        order: Order | None = None,
    ) -> StrawberryField:
        columns = orders or self._view.sorted_by
        if not (columns or order):
            raise TypeError(
                f"{self._shown.__name__}Order: no index of {self._view.__name__} sorts by a column."
            )
        if order is None:
            self._lists.orders = {column.upper(): self._order(column) for column in columns}
        return listed(
            self._shown,
            self._view,
            filter=self._filter or self.filter(),
            orders=self._lists.orders if order is None else self._lists.sorted(order.column),
            description=description,
            needs=self._own_read if own else self._read,
            own=own,
            order=order,
            more={LIVE: followed},
        )

    def mutation(
        self,
        command: type[Command],
        *,
        needs: str = "",
        send: Send | None = None,
        leave_out: tuple[str, ...] = (),
        receipt: type[Receipt] | None = None,
    ) -> StrawberryField:
        """The mutation that sends this command; it takes the permission to write, unless it ``needs`` another.

        ``send`` sends it in a way of its own, as where the server fills in what clients are to ``leave_out``, and
        ``receipt`` is then one that says more.
        """
        self._require_row(command)

        async def plainly(sending: Sending) -> Sent | Refusal:
            return await sending.send(await sending.command(command))

        return mutation(
            send or plainly,
            receipt or self.receipt,
            takes(command, leave_out=leave_out),
            description=sentences(command),
            needs=needs or self._write,
            versioned=command.wiring.changes is not None,
            command=None if send or leave_out else command,
        )

    def request(self, taken: type, send: Send, description: str, *, needs: str = "") -> StrawberryField:
        """The mutation that takes an input of its own and sends what that means."""
        return mutation(send, self.receipt, taken, description=description, needs=needs or self._write)

    def subscription(self, description: str, *, within: Within = NOTHING) -> StrawberryField:
        """The subscription to their changes, narrowed by the filter that their list takes, where there is one.

        ``within``: the column of the key that clients give an id for, and the view in which they must see it."""
        self._watched = True
        return self._watching(description, within=within)

    def _watching(self, description: str, *, within: Within = NOTHING, own: bool = False) -> StrawberryField:
        message = messages(
            self._shown,
            self._view,
            f"Changed {self._plural}, or a gap in the messages.",
            within={*within},
            about_id=about_id(self._view, within),
        )
        view, shown, taken, column = self._held, self._shown, self._filter, self._own
        # Of what is counted, or comes from outside in batches, the last event of a page tells of all.
        summed = all(fold.rolled or event_class(name).from_outside for name, fold in view.folds.items())

        async def resolve(
            self: Any,
            info: Info,
            filter: Any = None,
            resume_from: ResumeFrom = None,
            initial: Initial = False,
            **given: Any,
        ) -> AsyncGenerator[Any, None]:
            require_readable(info.context, shown, filter)
            tree = await in_words(info.context, type(view), taken.tree(filter) if taken else EVERYTHING)
            if own:
                tree = owned(tree, column, info.context.caller.user_id)
            wanted = interest(type(view), tree, {column: given[column] for column in within})
            await require_seen(info.context, within, given)
            changes = watch(
                info.context,
                view,
                resume_from=resume_from,
                initial=initial,
                interest=wanted,
                latest_only=summed,
            )
            async with aclosing(changes) as received:
                async for each in received:
                    if not own or not is_of_others(each, column, info.context.caller.user_id):
                        yield each

        hints = get_type_hints(self._view.row, include_extras=True)
        required = {column: described_as(self._view.row, column, hints[column]) for column in within}
        takes_these = taking(resolve, required, taken, message)
        needs = self._own_read if own else self._read
        return cast(StrawberryField, live(description, message, needs=needs, own=own)(takes_these))

    @property
    def _has_id(self) -> bool:
        (*others, own) = self._view.key
        return not others and self._hints[own] is UUID

    @cached_property
    def _held(self) -> PostgresView[Any]:
        return self._view()

    def _require_row(self, command: type[Command]) -> None:
        target = command.wiring.target
        if target is None:
            raise TypeError(f"{command.__name__}.id names nothing that the command makes or changes.")
        if not any(
            fold.by_stream and event_class(name).aggregate is target
            for name, fold in self._held.folds.items()
        ):
            raise TypeError(
                f"{command.__name__}.id names a {target.__name__}, of which {self._view.__name__} holds no row."
            )

    def _order(self, column: str) -> Order:
        if column not in self._hints:
            raise TypeError(
                f"{self._shown.__name__}Order: {self._view.row.__name__} has no column {column!r}."
            )
        if column not in self._view.sorted_by:
            raise TypeError(
                f"{self._shown.__name__}Order: no index of {self._view.__name__} sorts by {column!r}."
            )
        return ordered(self._view, column)
