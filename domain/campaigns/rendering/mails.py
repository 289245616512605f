"""Templates made ready to be sent to many: what is the same in their mails is made once.

Liquid runs for each recipient: it leaves values open in what it makes, as slots, so that mails that differ in
nothing but values share one document, which is compiled, inlined and cleaned for the first of them. Then values
are put in, with the escapes of HTML, and links are worked out. A value that is no mere text where it stands, as
in a style, is a part of the document, which is made again for each mail that has another.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import Any

from cachetools import LRUCache
from selectolax.lexbor import LexborHTMLParser

from domain.campaigns.rendering.content import Content
from domain.campaigns.rendering.documents import compiled, document
from domain.campaigns.rendering.faults import TemplateFault
from domain.campaigns.rendering.language import HTML, TEXT, Slots, parsed, raw, rendered
from domain.campaigns.rendering.links import LinkRules
from domain.campaigns.rendering.names import require_known
from domain.campaigns.rendering.plain_text import plain_text
from domain.campaigns.rendering.shape import without_comments

_KEPT = 16
"""How many documents of one template are kept."""
_STYLED = re.compile(
    r"<style[^>]*>.*?</style|\b(?:style|srcset)\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+)",
    re.DOTALL | re.IGNORECASE,
)
"""Where what is filled in must be looked at whole."""
# What they hold has any type.
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """A mail for one recipient."""

    subject: str
    html: str
    text: str
    links: tuple[str, ...]
    """The targets of its links, in order, as they are before they are tracked."""

    def shows(self, url: str) -> bool:
        """Whether one of its links leads there."""
        return any(target.startswith(url) for target in self.links)


@dataclass(frozen=True, slots=True)
class _Document:
    """What mails share: the pieces between slots, each followed by the name of one, but the last."""

    html: list[str]
    text: list[str]
    links: list[list[str]]
    """The target of each link, in pieces as well."""


@dataclass
class MailTemplate:
    """A version of a template, parsed. Not for several threads at once."""

    content: Content
    is_mjml: bool
    _documents: LRUCache[tuple[str, str], _Document] = field(default_factory=lambda: LRUCache(_KEPT))
    _inline: set[int] = field(default_factory=set)
    _mark: str = field(default_factory=lambda: f"hw{secrets.token_hex(6)}x")

    def __post_init__(self) -> None:
        """Raise TemplateFault for what cannot be parsed, or uses names that do not exist."""
        self._subject = _parsed(self.content.subject, TEXT, "subject")
        self._preheader = _parsed(self.content.preheader, HTML, "preheader")
        self._body = _parsed(self.content.body, HTML, "body")
        self._text = _parsed(self.content.text, TEXT, "text") if self.content.text else None

    @cached_property
    def _slot(self) -> re.Pattern[str]:
        return re.compile(f"{self._mark}([l]?[0-9]+)z")

    @cached_property
    def _leading(self) -> re.Pattern[str]:
        """An address that begins with a slot, which may be of any scheme; links are looked at for each."""
        return re.compile(rf"\b(?:src|background)\s*=\s*[\"']?\s*{self._mark}[0-9]+z", re.IGNORECASE)

    def render(self, values: Values, rules: LinkRules) -> RenderedMail:
        """The mail for whom these values are about. Raises TemplateFault."""
        data = dict(values)
        subject = " ".join(rendered(self._subject, data, field="subject").split())
        if not subject:
            raise TemplateFault("is empty for some recipients", "subject")
        slots, found = self._document(data)
        links = [
            "".join(self._filled(link, lambda slot: raw(slots.values[int(slot)]))) for link in found.links
        ]
        addresses = [rules.address(number, target) for number, target in enumerate(links)]

        def html(slot: str) -> str:
            return escape(addresses[int(slot[1:])]) if slot[0] == "l" else slots.values[int(slot)]

        def plain(slot: str) -> str:
            return addresses[int(slot[1:])] if slot[0] == "l" else raw(slots.values[int(slot)])

        if self._text is None:
            text = "".join(self._filled(found.text, plain))
        else:
            text = rendered(self._text, data, field="text")
        page = "".join(self._filled(found.html, html))
        return RenderedMail(subject, page, text, tuple(links))

    def _filled(self, pieces: list[str], value: Any) -> list[str]:
        """The pieces with the value of each slot, a function of its name, in its place."""
        filled = pieces.copy()
        filled[1::2] = map(value, pieces[1::2])
        return filled

    def _document(self, data: dict[str, Any]) -> tuple[Slots, _Document]:
        while True:
            slots = Slots(self._mark, self._inline)
            preheader = rendered(self._preheader, data, field="preheader", slots=slots)
            body = rendered(self._body, data, field="body", slots=slots)
            found = self._documents.get((preheader, body))
            if found is None:
                found, styled = self._made(preheader, body)
                if fresh := {slots.outputs[number] for number in styled} - self._inline:
                    self._inline |= fresh
                    continue
                self._documents[preheader, body] = found
            return slots, found

    def _made(self, preheader: str, body: str) -> tuple[_Document, set[int]]:
        """The document, and the slots that stand where no mere text does."""
        html = compiled(body) if self.is_mjml else body
        parts = *_STYLED.finditer(html), *self._leading.finditer(html)
        styled = self._numbers(" ".join(found[0] for found in parts))
        if self.is_mjml:
            # Sizes are worked out of numbers, and slots are none.
            styled |= self._numbers(without_comments(body)) - self._numbers(html)
        tree = LexborHTMLParser(document(html, is_mjml=self.is_mjml, preheader=preheader))
        for node in tree.css("[style]"):
            styled |= self._numbers(node.attributes.get("style") or "")
        links: list[list[str]] = []
        for node in tree.css("a[href], area[href]"):
            target = (node.attributes.get("href") or "").strip()
            node.attrs["href"] = f"{self._mark}l{len(links)}z"
            links.append(self._slot.split(target))
        text = plain_text(tree.body) if tree.body is not None else ""
        whole = "<!doctype html>" + (tree.root.html or "" if tree.root is not None else "")
        return _Document(self._slot.split(whole), self._slot.split(text), links), styled

    def _numbers(self, text: str) -> set[int]:
        return {int(number) for number in self._slot.findall(text) if number[0] != "l"}


def _parsed(source: str, language: Any, field: str) -> Any:
    template = parsed(source, language, field=field)
    require_known(template, source, field=field)
    return template
