"""The Liquid that templates are written in: no files, no other templates, and everything limited."""

import re
from collections.abc import Iterator
from typing import Any, TextIO

from liquid import BoundTemplate, Environment, RenderContext, StrictUndefined
from liquid.ast import Node
from liquid.builtin import content, illegal
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags import (
    assign_tag,
    capture_tag,
    case_tag,
    comment_tag,
    for_tag,
    if_tag,
    inline_comment_tag,
    unless_tag,
)
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.stringify import to_liquid_string
from markupsafe import Markup

from domain.campaigns.rendering.faults import TemplateFault
from domain.campaigns.rendering.work_limits import METER, UNFIT, Meter, MeteredFor, ShortRange, metered

FILTERS = (
    *(
        "abs",
        "at_least",
        "at_most",
        "ceil",
        "divided_by",
        "floor",
        "minus",
        "modulo",
        "plus",
        "round",
        "times",
    ),
    *("append", "capitalize", "date", "default", "downcase", "escape", "first", "join", "last", "lstrip"),
    *("newline_to_br", "prepend", "remove", "remove_first", "remove_last", "replace", "replace_first"),
    *("replace_last", "reverse", "rstrip", "size", "slice", "sort", "split", "squish", "strip"),
    *("strip_newlines", "truncate", "truncatewords", "uniq", "upcase", "url_decode", "url_encode"),
)
"""The filters that there are: no other of the library has its work in bounds."""
MOST_TAGS = 2_000
LONGEST_TAG = 2_000
_LONG = re.compile(r"\{[{%][^{}]{2000}")
_SLOTS = "slots"


class Slots:
    """What a rendering leaves open in the text that it makes, each in place of a value."""

    def __init__(self, mark: str, inline: set[int]) -> None:
        """``mark`` begins the names of slots; ``inline``: the outputs, by `id`, that are written out."""
        self.mark, self.inline = mark, inline
        self.values: list[str] = []
        """The values as HTML, escaped."""
        self.outputs: list[int] = []
        """Which output of the template each is of."""

    def open(self, output: int, value: str) -> str:
        """What stands for the value; a value that brings tags of the template stands for itself."""
        if output in self.inline or any(sign in value for sign in "<>\"'"):
            return value
        self.values.append(value)
        self.outputs.append(output)
        return f"{self.mark}{len(self.values) - 1}z"


class _Output(OutputNode):
    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        text = to_liquid_string(self.expression.evaluate(context), context.autoescape)
        slots: Slots | None = context.tag_namespace.get(_SLOTS)
        return buffer.write(text if slots is None else slots.open(id(self), text))


class _OutputTag(Output):
    node_class = _Output


class _Capture(capture_tag.CaptureNode):
    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        # What is captured may be compared, so it holds values and no slots.
        slots = context.tag_namespace.pop(_SLOTS, None)
        try:
            return super().render_to_output(context, buffer)
        finally:
            if slots is not None:
                context.tag_namespace[_SLOTS] = slots


class _CaptureTag(capture_tag.CaptureTag):
    node_class = _Capture


class Language(Environment):
    """Liquid with the tags and filters of mails."""

    block_nesting_limit = 20
    context_depth_limit = 20
    loop_iteration_limit = 1_000
    local_namespace_limit = 500_000
    output_stream_limit = 1_000_000

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """See the base: these and no others."""
        for tag in (
            *(content.Literal, _OutputTag, illegal.Illegal, comment_tag.CommentTag),
            *(inline_comment_tag.InlineCommentTag, if_tag.IfTag, unless_tag.UnlessTag, case_tag.CaseTag),
            *(MeteredFor, for_tag.BreakTag, for_tag.ContinueTag, assign_tag.AssignTag, _CaptureTag),
        ):
            self.add_tag(tag)
        whole = Environment()
        for name in FILTERS:
            self.add_filter(name, metered(name, whole.filters[name]))


HTML = Language(autoescape=True, undefined=StrictUndefined)
TEXT = Language(autoescape=False, undefined=StrictUndefined)


def parsed(source: str, language: Language, *, field: str) -> BoundTemplate:
    """The template of a part. Raises TemplateFault."""
    if source.count("{{") + source.count("{%") > MOST_TAGS:
        raise TemplateFault(f"has more than {MOST_TAGS} tags of Liquid", field)
    if _LONG.search(source):
        raise TemplateFault(f"has a tag of Liquid of more than {LONGEST_TAG} characters", field)
    try:
        template = language.from_string(source)
        for expression in _expressions(template.nodes):
            if type(expression) is RangeLiteral:
                # The parser makes these itself; nothing else of them differs.
                expression.__class__ = ShortRange
        return template
    except LiquidError as error:
        raise fault(error, field) from None
    except RecursionError:
        raise TemplateFault("is nested too deeply", field) from None


def rendered(template: BoundTemplate, data: dict[str, Any], *, field: str, slots: Slots | None = None) -> str:
    """What it says with these values, which have any type. Raises TemplateFault."""
    context = RenderContext(template, globals=data)
    context.tag_namespace[METER] = Meter()
    if slots is not None:
        context.tag_namespace[_SLOTS] = slots
    buffer = context.get_buffer()
    try:
        template.render_with_context(context, buffer)
    except LiquidError as error:
        raise fault(error, field) from None
    except UNFIT:
        raise TemplateFault("has a value that it cannot work with", field) from None
    except RecursionError:
        raise TemplateFault("is nested too deeply", field) from None
    return buffer.getvalue()


def raw(value: str) -> str:
    """A value without the escapes of HTML."""
    return Markup(value).unescape()


def fault(error: LiquidError, field: str) -> TemplateFault:
    """What the library says, in a line."""
    place, said = error.context(), str(error.message).rstrip(".")
    where = f" in line {place[0]}" if place else ""
    said = said if said.startswith(("is ", "has ", "makes ")) else f"cannot be read: {said}"
    return TemplateFault(f"{said[:300]}{where}", field)


def _expressions(nodes: list[Node]) -> Iterator[Expression]:
    # These nodes need no context to name what they hold.
    nothing: Any = None
    pending: list[Node | Expression] = [*nodes]
    while pending:
        match pending.pop():
            case Node() as node:
                pending += [*node.children(nothing), *node.expressions()]
            case Expression() as expression:
                yield expression
                pending += expression.children()
