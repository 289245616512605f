"""Documents parsed, validated and measured once, and kept while they are used."""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from cachetools import LRUCache
from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DocumentNode,
    FloatValueNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    IntValueNode,
    NoSchemaIntrospectionCustomRule,
    NullValueNode,
    OperationDefinitionNode,
    OperationType,
    ValidationRule,
    ValueNode,
    VariableNode,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from api.kit.execution.access import ANYONE, Access
from api.kit.execution.argument_places import require_storable, with_places
from api.kit.execution.cost import Cost, Measure
from api.kit.execution.deprecations import DeprecatedUse, Deprecations
from api.kit.execution.errors import ClientError, RequestError
from api.kit.execution.given_values import given_values
from api.kit.execution.limits import Limits, check_shape, too_much
from api.kit.execution.request import GraphQLRequest, unstorable
from api.kit.execution.sizes import Sizes
from api.kit.execution.trees import compact

_MOST_VALIDATION_ERRORS = 20
_STARTS = ("resumeFrom", "initial")
"""Arguments that say where a subscription starts."""
# Fragments inside fragments add no depth, yet the cost is summed by going into each.
_HIGHEST_COST = 100
_MOST_DIGITS = 400
"""In one number. Beyond these a float is infinite anyway, and Python takes no integer of some thousands."""
_LONG_NUMBER = re.compile(rf"\d{{{_MOST_DIGITS + 1}}}")
_NUL = re.compile(r"\0|\\u(?:0000|\{0+\})")
_CONDITION = re.compile("@\\s*(?:skip|include)")
_TOKENS = "Document contains more than"
"""How graphql-core begins to say that there are too many tokens."""


class FiniteFloatsRule(ValidationRule):
    """Refuses literals such as 1e999, which graphql-core would hand to resolvers as infinity."""

    def enter_float_value(self, node: FloatValueNode, *_: object) -> None:
        """Report a literal beyond 64 bits."""
        if math.isinf(float(node.value)):
            self.report_error(GraphQLError("A float is too large.", node))


class _NumbersOfALength(Visitor):
    """Raises ClientError for a number of too many digits, which would fail inside Python."""

    def enter_int_value(self, node: IntValueNode, *_: object) -> None:
        """Count the digits of a whole number."""
        if len(node.value) > _MOST_DIGITS:
            raise too_much("digits in one number", _MOST_DIGITS)

    def enter_float_value(self, node: FloatValueNode, *_: object) -> None:
        """Count the signs of a float."""
        if len(node.value) > _MOST_DIGITS:
            raise too_much("digits in one number", _MOST_DIGITS)


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation of a valid document.

    `resume_points` are the values of its `resumeFrom` and `initial` arguments, `needs` the permissions that it
    takes, each with a field that takes it, `fields` all that are selected, as `Task.title`, and `own` says that
    the answers of a subscription depend on who asks. `weight` is how many bytes may be read for it, at most, and
    `deprecated` what it uses that is.
    """

    text: str
    document: DocumentNode
    node: OperationDefinitionNode
    cost: Cost
    weight: Cost
    resume_points: tuple[ValueNode, ...]
    deprecated: DeprecatedUse
    needs: Mapping[str | None, str]
    fields: tuple[str, ...]
    own: bool

    @property
    def name(self) -> str | None:
        """The operation's own name."""
        return self.node.name.value if self.node.name else None

    @property
    def root_fields(self) -> tuple[str, ...]:
        """The fields of the root that are selected."""
        roots = ("Query.", "Mutation.", "Subscription.")
        return tuple(path.partition(".")[2] for path in self.fields if path.startswith(roots))

    @property
    def introspects(self) -> bool:
        """Whether it asks about the schema alone, so that nobody's data is read."""
        return all(name.startswith("__") for name in self.root_fields)

    @property
    def is_anyones(self) -> bool:
        """Whether it takes no notice of who asks, as signing in."""
        return set(self.needs) == {ANYONE}

    @property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.node.operation

    def resumes(self, request: GraphQLRequest) -> bool:
        """Whether a `resumeFrom` or `initial` is given, so that the stream starts elsewhere than now."""
        defaults = {v.variable.name.value: v.default_value for v in self.node.variable_definitions or ()}
        for point in self.resume_points:
            value: ValueNode | None = point
            if isinstance(point, VariableNode):
                name = point.name.value
                if request.variables.get(name) not in (None, False):
                    return True
                value = None if name in request.variables else defaults.get(name)
            if isinstance(value, BooleanValueNode):
                if value.value:
                    return True
            elif value is not None and not isinstance(value, NullValueNode):
                return True
        return False


@dataclass(frozen=True)
class _Prepared:
    """The operations of a document by their names, and about how many bytes they take."""

    operations: Mapping[str | None, Operation]
    size: int


class Documents:
    """The operations of a schema, by document text; the least recently used are dropped.

    Of strangers, who have not signed in, nothing is kept, and little is parsed.
    """

    def __init__(self, schema: GraphQLSchema, limits: Limits) -> None:
        self._schema = schema
        self._limits = limits
        self._access = Access(schema)
        self._sizes = Sizes(schema)
        self._deprecations = Deprecations(schema)
        self._rules = [*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule, FiniteFloatsRule]
        if not limits.introspection:
            self._rules.append(NoSchemaIntrospectionCustomRule)
        self._known: LRUCache[str, _Prepared] = LRUCache(limits.cached_bytes, lambda prepared: prepared.size)

    def refused(self, operation: Operation, needs: Collection[str | None]) -> dict[str, str | None]:
        """The fields of an operation that need one of these, with what each of them needs."""
        found = {field: self._access.need(field) for field in operation.fields}
        return {field: need for field, need in found.items() if need in needs}

    def root(self, operation: Operation, field: str) -> str:
        """Under which name of the answer a field would stand that an operation selects."""
        return self._access.root(operation.document, operation.node, field)

    def operation(self, request: GraphQLRequest, *, stranger: bool = False) -> Operation:
        """The operation that a request names, within the limits. Raises RequestError."""
        found = self._known.get(request.query)
        if found is None:
            found = self._prepared(request.query, stranger)
            if not stranger and found.size <= self._limits.cached_bytes:
                self._known[request.query] = found
        operation = _chosen(found.operations, request.operation_name)
        if request.unstorable is not None:
            wrong = with_places([unstorable(request.unstorable)], operation.document, operation.node)
            raise RequestError.of_document(wrong, "BAD_USER_INPUT")
        most = self._limits.values
        if given_values(self._schema, operation.node, request.variables, most) > most:
            error = ClientError(
                f"The variables hold too many values: at most {most}.", code="LIMIT_EXCEEDED", limit=most
            )
            raise RequestError.of_document([error], "LIMIT_EXCEEDED")
        if _CONDITION.search(operation.text):
            fields = self._access.fields(operation.document, operation.node, request.variables)
            operation = replace(operation, fields=fields)
        cost = operation.cost.at(request.variables)
        if cost > self._limits.cost:
            error = ClientError(
                f"The operation costs more than {self._limits.cost}: ask for fewer fields or smaller pages.",
                code="COST_EXCEEDED",
                limit=self._limits.cost,
                # Beyond 64 bits a number is no JSON that clients can read.
                cost=min(cost, 2**53),
            )
            raise RequestError.of_document([error], "COST_EXCEEDED")
        return operation

    def _prepared(self, text: str, stranger: bool) -> _Prepared:
        try:
            document = self._valid(text, stranger)
            measure = Measure(self._schema, self._sizes, document, self._limits.page)
            points = _resume_points(document) if any(name in text for name in _STARTS) else ()
            operations: dict[str | None, Operation] = {}
            for node in document.definitions:
                if isinstance(node, OperationDefinitionNode):
                    found = measure.operation(node)
                    if found.depth > self._limits.depth or found.cost.height > _HIGHEST_COST:
                        raise too_much("levels", self._limits.depth)
                    needs = self._access.needs(document, node)
                    own = self._access.own(document, node)
                    fields = self._access.fields(document, node)
                    old = self._deprecations.use(document, node, fields)
                    operation = Operation(
                        text, document, node, found.cost, found.weight, points, old, needs, fields, own
                    )
                    operations[operation.name] = operation
            # Each character of the text takes four bytes at most.
            return _Prepared(operations, compact(document) + 4 * len(text))
        except RecursionError as error:
            raise RequestError.of_document(
                [too_much("levels", self._limits.depth)], "LIMIT_EXCEEDED"
            ) from error
        except ClientError as error:
            raise RequestError.of_document([error], "LIMIT_EXCEEDED") from error

    def _valid(self, text: str, stranger: bool) -> DocumentNode:
        limits = self._limits
        chars = limits.strange_document_chars if stranger else limits.document_chars
        if len(text) > chars:
            raise too_much("characters", chars)
        tokens = min(limits.tokens, limits.strange_tokens) if stranger else limits.tokens
        try:
            document = parse(text, max_tokens=tokens, allow_empty_selection_sets=False)
        except GraphQLSyntaxError as error:
            if _TOKENS in error.message:
                raise too_much("tokens", tokens) from error
            raise RequestError.of_document([error], "GRAPHQL_PARSE_FAILED") from error
        if _NUL.search(text):
            require_storable(document)
        check_shape(document, self._limits)
        # Most documents have no such run of digits, and a long text may have one.
        if _LONG_NUMBER.search(text):
            visit(document, _NumbersOfALength())
        errors: list[GraphQLError] = validate(
            self._schema,
            document,
            self._rules,
            max_errors=_MOST_VALIDATION_ERRORS,
            allow_empty_selection_sets=False,
            hide_suggestions=not self._limits.introspection,
        )
        if errors:
            raise RequestError.of_document(errors, "GRAPHQL_VALIDATION_FAILED")
        return document


def _chosen(operations: Mapping[str | None, Operation], name: str | None) -> Operation:
    # Some clients send an empty name for none.
    if name:
        chosen, message = operations.get(name), f"The document has no operation named '{name}'."
    else:
        chosen = next(iter(operations.values())) if len(operations) == 1 else None
        message = "The document has several operations: choose one by operationName."
    if chosen is None:
        raise RequestError.of_document([GraphQLError(message)], "OPERATION_RESOLUTION_FAILURE")
    return chosen


def _resume_points(document: DocumentNode) -> tuple[ValueNode, ...]:
    points: list[ValueNode] = []

    class Collect(Visitor):
        def enter_argument(self, node: ArgumentNode, *_: object) -> None:
            if node.name.value in _STARTS:
                points.append(node.value)

    visit(document, Collect())
    return tuple(points)
