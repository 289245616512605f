"""The text of a mail, made of its HTML."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from domain.campaigns.rendering.shape import words

_BLOCKS = words(
    """
    address article blockquote center div dd dl dt figure footer header h1 h2 h3 h4 h5 h6 li
    main nav ol p pre section table tr ul
    """
)
_APART = words("blockquote h1 h2 h3 h4 h5 h6 ol p pre table ul")


def plain_text(body: LexborNode) -> str:
    """What people read of a body: lines and paragraphs, links with their addresses, images by their texts."""
    text = "".join(_texts(body))
    lines = (re.sub(r"[ \t\xa0]+", " ", line).strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _texts(parent: LexborNode) -> Iterator[str]:
    """Without recursion: what is open is kept with what ends it."""
    pending: list[LexborNode | str] = [parent]
    while pending:
        node = pending.pop()
        if isinstance(node, str):
            yield node
            continue
        tag, said = node.tag or "", node.attributes
        if tag == "-text":
            yield re.sub(r"\s+", " ", (node.text_content or "").replace("͏", "").replace("‌", ""))
        elif tag == "br":
            yield "\n"
        elif tag == "hr":
            yield "\n---\n"
        elif tag == "img":
            yield said.get("alt") or ""
        elif tag not in ("style", "script", "-comment") and "display:none" not in (said.get("style") or ""):
            before, after = _around(tag, said.get("href") or "")
            yield before
            pending.append(after)
            pending += reversed([*node.iter(include_text=True)])


def _around(tag: str, href: str) -> tuple[str, str]:
    if tag == "li":
        return "\n- ", "\n"
    if tag == "a" and href and not href.startswith("#"):
        return "", f" ({href})"
    if tag in ("td", "th"):
        return "", " "
    edge = "\n\n" if tag in _APART else "\n" if tag in _BLOCKS else ""
    return edge, edge
