"""What a version of a template holds, and when it can be sent."""

from dataclasses import dataclass

from domain.campaigns.templates.terms import TemplateKind, TemplatePurpose


@dataclass(frozen=True, slots=True)
class Content:
    """The parts of a version, in Liquid."""

    subject: str
    preheader: str
    body: str
    text: str


def require_sound(kind: TemplateKind, purpose: TemplatePurpose, content: Content) -> None:
    """Raise Invalid, about each part that is wrong, for what cannot be sent."""
