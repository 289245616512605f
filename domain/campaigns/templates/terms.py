"""What templates are told with: the fields of their events and commands."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.kit.fields import Authored, Describe, Internal, Interval, Len
from domain.kit.model import ONE_LINE

LONGEST_BODY = 200_000
"""How many characters the source of a body has."""
LONGEST_TEXT = 100_000
LONGEST_LINE = 500
"""How many characters the source of a subject or of a preheader has."""


class TemplateKind(StrEnum):
    """What the body of a template is written in."""

    MJML = "mjml"
    """MJML, which is compiled to HTML."""
    HTML = "html"


class TemplatePurpose(StrEnum):
    """What mails of a template are for."""

    MARKETING = "marketing"
    """To advertise: they must show how to unsubscribe."""
    TRANSACTIONAL = "transactional"
    """To do what the recipient asked for, as a receipt."""


Name = Annotated[str, Len(1, 200), ONE_LINE, Internal(), Authored(), Describe("The name, in one line.")]
Kind = Annotated[TemplateKind, Internal(), Describe("What the body is written in.")]
Purpose = Annotated[TemplatePurpose, Internal(), Describe("What its mails are for.")]
Subject = Annotated[
    str, Len(1, LONGEST_LINE), ONE_LINE, Internal(), Authored(), Describe("The subject, in Liquid.")
]
Preheader = Annotated[
    str,
    Len(0, LONGEST_LINE),
    ONE_LINE,
    Internal(),
    Authored(),
    Describe("What inboxes show behind the subject, in Liquid."),
]
Body = Annotated[
    str, Len(1, LONGEST_BODY), Internal(), Authored(), Describe("The body, in Liquid: MJML or HTML.")
]
Text = Annotated[
    str,
    Len(0, LONGEST_TEXT),
    Internal(),
    Authored(),
    Describe("The body as plain text, in Liquid; where none is given, it is made from the HTML."),
]
Number = Annotated[int, Interval(ge=1), Internal(), Describe("The version: 1, 2, 3 and so on.")]
VersionId = Annotated[UUID, Internal(), Describe("The version's id.")]
