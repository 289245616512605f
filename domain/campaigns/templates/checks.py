"""When a version of a template can be sent: it is rendered once, as for somebody, when it is saved."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from domain.campaigns.rendering.content import Content
from domain.campaigns.rendering.faults import TemplateFault
from domain.campaigns.rendering.links import LinkRules
from domain.campaigns.rendering.mails import MailTemplate, RenderedMail
from domain.campaigns.rendering.names import Fields
from domain.campaigns.templates.terms import TemplateKind, TemplatePurpose
from domain.kit.model import Invalid
from domain.kit.refusals import Violation, ViolationCode

UNSUBSCRIBE = "https://mail.example.com/unsubscribe/sample"
_OWN = (UNSUBSCRIBE, "https://mail.example.com/preferences/sample")
SAMPLE_RULES = LinkRules(own=_OWN)
CONTACT: Mapping[str, Any] = MappingProxyType(
    {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "language": "en"}
)


def sample(contact: Mapping[str, Any] = CONTACT, *, tenant: str = "Example") -> dict[str, Any]:
    """Values of any type as mails are rendered with them, for a contact with these members."""
    fields = Fields(contact.get("fields") or {})
    return {
        "contact": {**CONTACT, **contact, "fields": fields},
        "campaign": {"id": "sample", "name": "Sample"},
        "tenant": {"name": tenant},
        "unsubscribe_url": _OWN[0],
        "preferences_url": _OWN[1],
    }


def rendered_sample(
    kind: TemplateKind, purpose: TemplatePurpose, content: Content, values: Mapping[str, Any]
) -> RenderedMail:
    """The mail of these values. Raises TemplateFault for what cannot be sent."""
    mail = MailTemplate(content, kind is TemplateKind.MJML).render(values, SAMPLE_RULES)
    if purpose is TemplatePurpose.MARKETING:
        if not mail.shows(UNSUBSCRIBE):
            raise TemplateFault("has no link to {{ unsubscribe_url }}, which marketing must have")
        if UNSUBSCRIBE not in mail.text:
            raise TemplateFault("does not show {{ unsubscribe_url }}, which marketing must", "text")
    return mail


def require_sound(kind: TemplateKind, purpose: TemplatePurpose, content: Content) -> None:
    """Raise Invalid, about the part that is wrong, for what cannot be sent."""
    try:
        rendered_sample(kind, purpose, content, sample())
    except TemplateFault as fault:
        raise refusal_of(fault) from None


def refusal_of(fault: TemplateFault) -> Invalid:
    """What whoever wrote the template is told."""
    return Invalid.of([Violation(ViolationCode.UNSUITABLE, fault.reason, (fault.field,))])
