"""How much work one rendering may be: every filter and every turn of a loop is charged for.

The limits of the library hold besides; they count neither what filters do nor loops that follow each other.
"""

import functools
from collections.abc import Callable, Iterable
from typing import Any

from liquid import RenderContext
from liquid.ast import BlockNode, Node
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.tags.for_tag import ForTag
from liquid.exceptions import LiquidError, ResourceLimitError
from liquid.stream import TokenStream

METER = "work"
MOST_WORK = 500_000
"""What one rendering may cost: characters that filters handle, and 50 for each tag in each turn of a loop."""
LONGEST_RANGE = 1_000
LONGEST_VALUE = 200_000
"""How many characters a filter may make."""
LARGEST_NUMBER = 10**15
_PER_NODE = 50


UNFIT = ArithmeticError, ValueError, TypeError, LookupError, AttributeError
"""What the library's filters and ranges raise besides its own errors, for values that they cannot work with."""


class WorkLimitError(ResourceLimitError):
    """A rendering is more work than allowed."""


class UnfitValueError(LiquidError):
    """A value is none that a filter or a range can work with."""


class Meter:
    """Counts the work of one rendering."""

    def __init__(self) -> None:
        self._left = MOST_WORK

    def charge(self, work: int) -> None:
        """Raise WorkLimitError once it is too much."""
        self._left -= work
        if self._left < 0:
            raise WorkLimitError("is too much work to render", token=None)


class ShortRange(RangeLiteral):
    """A range such as ``(1..10)`` that has an end in sight."""

    __slots__ = ()

    def evaluate(self, context: RenderContext) -> range:
        try:
            found = super().evaluate(context)
            length = len(found)
        except UNFIT:
            raise UnfitValueError("has a range without an end", token=self.token) from None
        if length > LONGEST_RANGE:
            raise WorkLimitError(f"has a range of more than {LONGEST_RANGE}", token=self.token)
        return found


class _Turn(BlockNode):
    """What a loop repeats."""

    __slots__ = ("weight",)

    def __init__(self, block: BlockNode) -> None:
        super().__init__(block.token, block.nodes)
        self.weight = _PER_NODE * (1 + _nodes(block))

    def render_to_output(self, context: RenderContext, buffer: Any) -> int:
        context.tag_namespace[METER].charge(self.weight)
        return super().render_to_output(context, buffer)


class MeteredFor(ForTag):
    """The tag ``for``."""

    def parse(self, stream: TokenStream) -> Node:
        # The library's tag says no more of what it makes.
        node: Any = super().parse(stream)
        node.block = _Turn(node.block)
        return node  # type: ignore[no-any-return]


def _nodes(node: Node) -> int:
    # These nodes need no context to name what they hold.
    nothing: Any = None
    return sum(1 + _nodes(child) for child in node.children(nothing))


def metered(name: str, apply: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that is charged for, and makes neither long texts nor large numbers. Values have any type."""

    @functools.wraps(apply)
    def charged(value: Any, *args: Any, context: RenderContext, **named: Any) -> Any:
        context.tag_namespace[METER].charge(sum(map(_size, (value, *args, *named.values()))))
        if _makes(name, value, args) > LONGEST_VALUE:
            raise WorkLimitError(f"makes a text of more than {LONGEST_VALUE} characters", token=None)
        try:
            result = apply(value, *args, **named)
        except (LiquidError, *UNFIT):
            # The library's words are about its own functions.
            raise UnfitValueError(
                f"has a value that the filter {name} cannot work with", token=None
            ) from None
        if isinstance(result, int | float) and abs(result) > LARGEST_NUMBER:
            raise WorkLimitError(f"makes a number above {LARGEST_NUMBER}", token=None)
        context.tag_namespace[METER].charge(_size(result))
        return result

    # The library looks for this mark.
    marked: Any = charged
    marked.with_context = True
    return charged


def _size(value: Any) -> int:
    if isinstance(value, str):
        return 8 + len(value)
    if isinstance(value, Iterable):
        return 8 + sum(map(_size, value))
    return 8


def _makes(name: str, value: Any, args: tuple[Any, ...]) -> int:
    """How long a text the filters would make that multiply what they are given."""
    match name, args:
        case "replace", (old, new, *_):
            text = str(value)
            return len(text) + text.count(str(old)) * len(str(new))
        case "join", (separator, *_) if isinstance(value, list | tuple | range):
            return len(value) * len(str(separator))
        case "date", _:
            return LONGEST_VALUE + 1 if len(str(value)) + sum(len(str(each)) for each in args) > 200 else 0
        case _:
            return 0
