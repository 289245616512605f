"""The static depth, cost and weight of an operation, measured once and evaluated for each set of variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
)

from api.kit.execution.compared_values import NamedRows, Values, rows_named, values_of
from api.kit.execution.sizes import Sizes

_PAGE_ARGUMENTS = ("first", "last")
_COUNT = "totalCount"
_LISTS = ("ids", "commands")
"""The required arguments of fields that give an object for each entry of a list; others narrow what is there."""
_PAST_ARGUMENTS = ("asOf", "version")
_PAST = 2_000
"""What a look at the past costs besides: rows are folded from the log, and a list needs all of them. So there are
four in an operation, by the settings' own limit."""
# A page larger than any integer GraphQL can carry; it keeps the products small.
_LARGEST = 2**31 - 1


@dataclass(frozen=True)
class PageSize:
    """The page size a field is asked for: the largest of its numbers and variables, else `default`, but no more
    than the rows that are `named`.

    A variable stands with the default that the operation gives it.
    """

    numbers: tuple[int, ...] = ()
    variables: tuple[tuple[str, int | None], ...] = ()
    default: int = 1
    named: NamedRows | None = None

    @property
    def varies(self) -> bool:
        """Whether it may depend on the variables."""
        return bool(self.variables) or self.named is not None

    def at(self, variables: Mapping[str, object]) -> int:
        """The size with these variables, never negative."""
        sizes = [*self.numbers, *(_integer(variables.get(name, default)) for name, default in self.variables)]
        most = max((size for size in sizes if size is not None), default=self.default)
        named = None if self.named is None else self.named.at(variables)
        return most if named is None else min(most, named)


_ONE = PageSize()


@dataclass(frozen=True)
class Given:
    """1 when a variable is given, by the client or else as the operation's default, and 0 when it is not."""

    variable: str
    by_default: bool

    def at(self, variables: Mapping[str, object]) -> int:
        """Whether it is given with these variables."""
        return int(variables[self.variable] is not None if self.variable in variables else self.by_default)


@dataclass(frozen=True, eq=False)
class Cost:
    """`fixed` plus the sum of every part times its page size.

    Fragments share their parts, so a document that spreads them over and over stays small here.
    """

    fixed: int
    parts: tuple[tuple[PageSize | Given | Values, "Cost"], ...] = ()

    @cached_property
    def height(self) -> int:
        """How many parts stand inside each other."""
        return 1 + max((part.height for _, part in self.parts), default=0)

    def at(self, variables: Mapping[str, object]) -> int:
        """The cost with these variables."""
        if not self.parts:
            return self.fixed
        known: dict[int, int] = {}

        def total(cost: Cost) -> int:
            if id(cost) not in known:
                known[id(cost)] = cost.fixed + sum(
                    size.at(variables) * total(part) for size, part in cost.parts
                )
            return known[id(cost)]

        return total(self)


class _Sum:
    """A cost that is added up part by part."""

    def __init__(self) -> None:
        self._fixed = 0
        self._parts: list[tuple[PageSize | Given | Values, Cost]] = []

    def add(self, cost: Cost) -> None:
        """Add a part."""
        if cost.parts:
            self._parts.append((_ONE, cost))
        else:
            self._fixed += cost.fixed

    def total(self) -> Cost:
        """The sum."""
        return Cost(self._fixed, tuple(self._parts))


@dataclass(frozen=True, eq=False)
class Measured:
    """The depth in fields, the cost, and the weight: how many bytes may be read for it."""

    depth: int
    cost: Cost
    weight: Cost
    counts: bool = False
    """Whether a list is counted, which reads its rows once more."""


class Measure:
    """Measures a validated document: fragments end, fields exist."""

    def __init__(self, schema: GraphQLSchema, sizes: Sizes, document: DocumentNode, page: int) -> None:
        self._schema = schema
        self._sizes = sizes
        self._page = page
        self._fragments = {
            d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)
        }
        self._measured: dict[str, Measured] = {}
        self._defaults: dict[str, ValueNode | None] = {}

    def operation(self, node: OperationDefinitionNode) -> Measured:
        """Measure one operation; introspection counts as one field."""
        self._measured.clear()
        self._defaults = {v.variable.name.value: v.default_value for v in node.variable_definitions or ()}
        return self._selections(node.selection_set, self._schema.get_root_type(node.operation))

    def _selections(self, selections: SelectionSetNode, parent: GraphQLNamedType | None) -> Measured:
        depth, cost, weight, counts = 0, _Sum(), _Sum(), False
        for node in selections.selections:
            if isinstance(node, FieldNode):
                argument = self._field(node, parent)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                argument = self._selections(
                    node.selection_set, self._schema.get_type(condition.name.value) if condition else parent
                )
            else:
                assert isinstance(node, FragmentSpreadNode)
                argument = self._fragment(node.name.value)
            depth = max(depth, argument.depth)
            cost.add(argument.cost)
            weight.add(argument.weight)
            counts = counts or argument.counts
        return Measured(depth, cost.total(), weight.total(), counts)

    def _fragment(self, name: str) -> Measured:
        if name not in self._measured:
            fragment = self._fragments[name]
            self._measured[name] = self._selections(
                fragment.selection_set, self._schema.get_type(fragment.type_condition.name.value)
            )
        return self._measured[name]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Measured:
        name = node.name.value
        if node.selection_set is None or name.startswith("__"):
            return Measured(1, Cost(self._sizes.cost(parent, name)), _NOTHING, counts=name == _COUNT)
        assert isinstance(parent, GraphQLObjectType | GraphQLInterfaceType)
        field = parent.fields[name]
        inner = self._selections(node.selection_set, get_named_type(field.type))
        size = self._size(node, field)
        past, given = self._past(node, field)
        lists = {
            name
            for name, given in field.args.items()
            if name not in _LISTS and is_list_type(get_nullable_type(given.type))
        }
        times = 2 if inner.counts else 1
        part = partial(self._part, field, times)
        compared = values_of(node, lists, self._defaults, part)
        fixed = 1 + past + (0 if compared.variables else compared.fixed)
        cost = _times(fixed, size, inner.cost, given, compared)
        row = self._sizes.row(field, parent)
        weight = _Sum()
        weight.add(Cost(row))
        weight.add(inner.weight)
        return Measured(inner.depth + 1, cost, _times(0, size, weight.total(), []))

    def _part(self, field: GraphQLField, times: int, column: str) -> int:
        return times * self._sizes.part(field, column)

    def _past(self, node: FieldNode, field: GraphQLField) -> tuple[int, list[Given]]:
        """What the look at the past costs, and the variables that decide whether there is one."""
        fixed, given = 0, list[Given]()
        for argument in node.arguments or ():
            name = argument.name.value
            if name not in _PAST_ARGUMENTS or name not in field.args:
                continue
            if isinstance(argument.value, VariableNode):
                default = self._defaults.get(variable := argument.value.name.value)
                given.append(Given(variable, default is not None and not isinstance(default, NullValueNode)))
            elif not isinstance(argument.value, NullValueNode):
                fixed = _PAST
        return fixed, given

    def _size(self, node: FieldNode, field: GraphQLField) -> PageSize:
        names = [name for name in _PAGE_ARGUMENTS if name in field.args]
        names += [name for name in _LISTS if name in field.args and is_non_null_type(field.args[name].type)]
        if not names:
            return PageSize(default=self._sizes.most(field))
        numbers, variables = list[int](), list[tuple[str, int | None]]()
        named = rows_named(node, self._defaults)
        for argument in node.arguments or ():
            if argument.name.value in names:
                value = argument.value
                if isinstance(value, VariableNode):
                    name = value.name.value
                    variables.append((name, _literal(self._defaults.get(name))))
                elif (number := _literal(value)) is not None:
                    numbers.append(number)
        if variables:
            return PageSize(tuple(numbers), tuple(variables), self._page, named)
        defaults = [_integer(field.args[name].default_value) for name in names]
        default = max((d for d in defaults if d is not None), default=self._page)
        return PageSize(tuple(numbers), (), default, named)


_NOTHING = Cost(0)
_NO_VALUES = Values()


def _times(
    fixed: int, size: PageSize, inner: Cost, given: list[Given], compared: Values = _NO_VALUES
) -> Cost:
    if not size.varies and not inner.parts and not given and not compared.variables:
        return Cost(fixed + size.at({}) * inner.fixed)
    parts: list[tuple[PageSize | Given | Values, Cost]] = [(size, inner)]
    parts += ((argument, Cost(_PAST)) for argument in given)
    if compared.variables:
        parts.append((compared, Cost(1)))
    return Cost(fixed, tuple(parts))


def _integer(value: object) -> int | None:
    if isinstance(value, list):
        return len(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(min(max(value, 0), _LARGEST))


def _literal(node: ValueNode | None) -> int | None:
    if isinstance(node, ListValueNode):
        return len(node.values)
    if not isinstance(node, IntValueNode):
        return None
    # Python refuses to read integers of thousands of digits.
    return _LARGEST if len(node.value) > 10 else max(int(node.value), 0)
