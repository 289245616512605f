"""What one client may ask of the API, and the checks of a parsed document against it."""

from collections import Counter
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    Node,
    SelectionSetNode,
)

from api.kit.execution.errors import ClientError

USUAL_PAGE = 20
"""The rows that a page holds where nothing says how many."""
LARGEST_PAGE = 100
"""The most rows that a page or a nested list holds."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of one request or connection.

    `duplicates` counts the same response name, or the same spread, in one selection set: validation compares
    them pair by pair at every level, so a document of a few kilobytes could keep it busy for seconds.
    `cost` is 1 a field, and 1 more for each 1,000 characters that a text may have, times the page size of every
    connection around it, and 1 for each value that a filter compares with or a list holds (see `compared_values`);
    `page` is the size assumed where none is given. `values` bounds those of the variables, in which an input
    object counts all the fields of its type; a hundred orders of a hundred products are fewer.
    `recheck_seconds`: how often an open connection is asked again who it is.

    `tokens` and `document_chars` bound a document before it is parsed, `strange_tokens` and
    `strange_document_chars` that of whoever has not signed in, whose documents are not kept either; those of
    others are, as long as they take no more than `cached_bytes` together.

    `answer_bytes` bounds one answer, and what waits to be sent on one connection; who takes nothing of it for
    `stall_seconds` is left. `room_bytes` is what all operations under way may read at most, all together,
    `caller_bytes` what those of one caller may, with the answers that are on their way to them; what does not
    fit waits its turn, and `caller_waiting` says how many of one caller's may. `read_seconds` is how long the
    statements of one operation that read rows and lists, and the folding of the past, may take together: none
    begins after that. Search, pages
    of the audit trail and histories are not counted.

    With `strict_permissions` a query is refused as a whole where a part of it would be.

    `subscriptions_each` is how many subscriptions one caller may have open in this process, over all connections,
    `subscriptions_tenant` how many all callers of a tenant may; what a caller's hold together is bounded by
    `caller_bytes`. Of the messages that a caller sends over WebSockets `messages_per_second` are taken on average,
    and `messages_at_once` before that.
    """

    body_bytes: int = 1_000_000
    tokens: int = 2_000
    depth: int = 15
    aliases: int = 30
    directives: int = 5
    duplicates: int = 3
    cost: int = 20_000
    page: int = USUAL_PAGE
    variable_depth: int = 32
    values: int = 100_000
    document_chars: int = 100_000
    strange_tokens: int = 250
    strange_document_chars: int = 8_000
    cached_bytes: int = 32_000_000
    introspection: bool = True
    strict_permissions: bool = False
    connection_init_seconds: float = 10
    operations_per_connection: int = 100
    messages_per_second: float = 500
    messages_at_once: int = 1_000
    subscriptions_each: int = 200
    subscriptions_tenant: int = 2_000
    queued_messages: int = 500
    answer_bytes: int = 10_000_000
    room_bytes: int = 512_000_000
    caller_bytes: int = 32_000_000
    caller_waiting: int = 200
    read_seconds: float = 20
    stall_seconds: float = 20
    keepalive_seconds: float = 15
    slow_client_seconds: float = 5
    recheck_seconds: float = 1


def no_page(name: str, wanted: int) -> str:
    """What is said of an argument, `first` or `last`, that asks for more rows than a page holds, or for less than
    none."""
    return f"{name} must be from 0 to {LARGEST_PAGE}, not {wanted}: a page holds no more."


def too_much(what: str, limit: int) -> ClientError:
    """The error for a document beyond a limit."""
    return ClientError(
        f"The document has too many {what}: at most {limit}.", code="LIMIT_EXCEEDED", limit=limit
    )


def check_shape(document: DocumentNode, limits: Limits) -> None:
    """Refuse what would make validation itself expensive. Raises ClientError."""
    aliases = 0
    pending: list[Node] = list(document.definitions)
    while pending:
        node = pending.pop()
        if len(getattr(node, "directives", None) or ()) > limits.directives:
            raise too_much("directives in one place", limits.directives)
        if isinstance(node, FieldNode) and node.alias is not None:
            aliases += 1
            if aliases > limits.aliases:
                raise too_much("aliases", limits.aliases)
        selections: SelectionSetNode | None = getattr(node, "selection_set", None)
        if selections is not None:
            pending.extend(selections.selections)
            _check_duplicates(selections, limits.duplicates)


def _check_duplicates(selections: SelectionSetNode, limit: int) -> None:
    # Each member of a union may ask for the same names, so they are counted for each type.
    names: Counter[tuple[str, str]] = Counter()
    pending = [("", selection) for selection in selections.selections]
    while pending:
        type_name, node = pending.pop()
        if isinstance(node, InlineFragmentNode):
            type_name = node.type_condition.name.value if node.type_condition else type_name
            pending.extend((type_name, selection) for selection in node.selection_set.selections)
            name = "..."
        elif isinstance(node, FieldNode):
            name = (node.alias or node.name).value
        else:
            assert isinstance(node, FragmentSpreadNode)
            name = f"...{node.name.value}"
        names[type_name, name] += 1
    if names and names.most_common(1)[0][1] > limit:
        raise too_much("duplicates of one field in one selection", limit)
