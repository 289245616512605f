"""What sources of bodies may look like, so that no parser takes long over them or runs out of its stack.

Those of HTML and of styles take time with the square of what is nested. The compiler of MJML and the inliner of
styles end the program on what is nested too deeply, which nothing can catch.
"""

import re
from collections import Counter

from domain.campaigns.rendering.faults import TemplateFault


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


MOST_TAGS = 5_000
DEEPEST = 100
MOST_MATCHES = 2_000_000
"""How many selectors of styles there may be, times the tags that each is compared with."""

COMPONENTS = frozenset(
    f"mj-{name}"
    for name in (
        *("accordion", "accordion-element", "accordion-text", "accordion-title", "all", "attributes", "body"),
        *(
            "breakpoint",
            "button",
            "carousel",
            "carousel-image",
            "class",
            "column",
            "divider",
            "group",
            "head",
        ),
        *("hero", "html-attribute", "html-attributes", "image", "navbar", "navbar-link", "preview", "raw"),
        *("section", "selector", "social", "social-element", "spacer", "style", "table", "text", "title"),
        *("wrapper",),
    )
)
"""The components of MJML that are compiled. ``mj-include`` reads files, and ``mj-font`` loads from elsewhere."""
VOID = words("area base br col embed hr img input link meta param source track wbr")
_CLOSED_BY_THEMSELVES = VOID | words("p li dt dd td th tr tbody thead tfoot option colgroup")

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)((?:\"[^\"]*\"|'[^']*'|[^'\">])*+)(/?)>")
_STYLE = re.compile(r"<style[^>]*>(.*?)(?:</style|\Z)", re.DOTALL | re.IGNORECASE)


def without_comments(source: str) -> str:
    """The source without comments; lines keep their numbers."""
    return _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), source)


def require_bounded(html: str) -> None:
    """Raise TemplateFault for HTML of too many tags, too deep ones, or too many styles."""
    tags = html.count("<")
    if tags > 2 * MOST_TAGS:
        raise TemplateFault(f"has more than {MOST_TAGS} tags")
    still_open = Counter[str]()
    for found in _TAG.finditer(html):
        name = found[2].lower()
        if found[1]:
            still_open[name] = max(0, still_open[name] - 1)
        elif name not in _CLOSED_BY_THEMSELVES:
            still_open[name] += 1
            if still_open.total() > DEEPEST:
                raise TemplateFault(f"is nested deeper than {DEEPEST} tags")
    styles = "".join(_STYLE.findall(html))
    if (styles.count("{") + styles.count(",")) * tags > MOST_MATCHES:
        raise TemplateFault("has too many styles for its tags")


def require_mjml(source: str) -> None:
    """Raise TemplateFault for what is no MJML, or holds components that are not compiled; it has no comments."""
    if found := re.search(r"<[!?]", source):
        raise TemplateFault(f"has {source[found.start() : found.start() + 9]}{_line(source, found.start())}")
    opened: list[tuple[str, int]] = []
    for found in _TAG.finditer(source):
        name, at = found[2], found.start()
        if name.startswith("mj-") and name not in COMPONENTS:
            raise TemplateFault(f"has the component {name[:50]}{_line(source, at)}, which there is not")
        if found[1]:
            if name in VOID and not (opened and opened[-1][0] == name):
                continue
            if not opened or opened.pop()[0] != name:
                raise TemplateFault(f"closes {name[:50]}{_line(source, at)}, where something else is open")
        elif name not in VOID and not (found[4] or found[3].endswith("/")):
            opened.append((name, at))
            if len(opened) > DEEPEST:
                raise TemplateFault(f"is nested deeper than {DEEPEST} tags")
    if opened:
        raise TemplateFault(f"does not close {opened[-1][0][:50]}{_line(source, opened[-1][1])}")
    if not re.match(r"\s*<mjml[\s>]", source):
        raise TemplateFault("does not begin with <mjml>")


def _line(source: str, index: int) -> str:
    return f" in line {source.count(chr(10), 0, index) + 1}"
