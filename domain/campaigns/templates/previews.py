"""What a mail of a template would look like, and what its recipients may miss."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from domain.campaigns.rendering.content import Content
from domain.campaigns.rendering.faults import TemplateFault
from domain.campaigns.rendering.mails import RenderedMail
from domain.campaigns.templates.checks import rendered_sample, sample
from domain.campaigns.templates.terms import TemplateKind, TemplatePurpose

CLIPPED = 102 * 1024
"""Bytes of HTML from which Gmail hides the rest of a mail."""
_LONG_SUBJECT = 70


class WarningCode(StrEnum):
    """What recipients of a mail may miss."""

    IMAGE_WITHOUT_ALT = "image_without_alt"
    """An image has no text for who does not see it."""
    CLIPPED = "clipped"
    """The mail is so large that Gmail hides its end, with the link to unsubscribe."""
    NO_TEXT = "no_text"
    """No text is given: it is made from the HTML."""
    INSECURE_LINK = "insecure_link"
    """A link leads to an address without https."""
    BROKEN_LINK = "broken_link"
    """A link leads nowhere: its address is not one of the web, of mail or of a telephone."""
    LONG_SUBJECT = "long_subject"
    """Most inboxes cut the subject."""


@dataclass(frozen=True, slots=True)
class PreviewWarning:
    """One of them."""

    code: WarningCode
    about: str = ""
    """What it is about, as the address of a link."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A mail, with what is missed of it."""

    mail: RenderedMail
    warnings: tuple[PreviewWarning, ...]


def preview(
    kind: TemplateKind,
    purpose: TemplatePurpose,
    content: Content,
    contact: Mapping[str, Any],
    *,
    tenant: str = "Example",
) -> Preview | TemplateFault:
    """The mail for a contact with these members, of any type, the others being made up; or what is wrong."""
    try:
        mail = rendered_sample(kind, purpose, content, sample(contact, tenant=tenant))
    except TemplateFault as fault:
        return fault
    return Preview(mail, tuple(_warnings(content, mail)))


def _warnings(content: Content, mail: RenderedMail) -> Iterator[PreviewWarning]:
    if len(mail.html.encode()) > CLIPPED:
        yield PreviewWarning(WarningCode.CLIPPED)
    if not content.text:
        yield PreviewWarning(WarningCode.NO_TEXT)
    if len(mail.subject) > _LONG_SUBJECT:
        yield PreviewWarning(WarningCode.LONG_SUBJECT)
    for node in LexborHTMLParser(mail.html).css("img"):
        if "alt" not in node.attributes:
            yield PreviewWarning(WarningCode.IMAGE_WITHOUT_ALT, node.attributes.get("src") or "")
    for target in dict.fromkeys(mail.links):
        name = target.partition(":")[0].lower()
        if name == "http":
            yield PreviewWarning(WarningCode.INSECURE_LINK, target)
        elif not target.startswith("#") and name not in ("https", "mailto", "tel", "sms"):
            yield PreviewWarning(WarningCode.BROKEN_LINK, target)
