"""What contacts are to lists: how it came to be, and until when a confirmation is waited for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.kit.fields import (
    Authored,
    Confidential,
    Describe,
    Internal,
    Len,
    Personal,
    Public,
    Purpose,
)
from domain.kit.model import ONE_LINE, Refusal

MOST_LISTS = 100
"""Lists that a contact has to do with at the most."""
CONFIRM_WITHIN = timedelta(days=7)
"""For how long a link that confirms is good."""
AGAIN_AFTER = timedelta(minutes=15)
"""After which another mail that asks to confirm may be asked for."""


class MembershipState(StrEnum):
    """What a contact is to a list."""

    PENDING = "pending"
    """A mail has asked them to confirm."""
    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"


class ConsentSource(StrEnum):
    """How consent was given or withdrawn."""

    FORM = "form"
    """In a form of the tenant."""
    IMPORT = "import"
    """To the tenant before, who has imported it."""
    API = "api"
    """To another system of the tenant, or to its people."""
    MAIL = "mail"
    """By a link or a button of a mail."""
    PROVIDER = "provider"
    """To the provider that sends the mail, who has passed it on."""


State = Annotated[MembershipState, Internal(), Describe("What the contact is to the list.")]
ListId = Annotated[UUID, Internal(), Describe("The list.")]
ListIds = Annotated[
    tuple[UUID, ...], Len(0, MOST_LISTS), Internal(), Describe("The lists that the contact had to do with.")
]
Source = Annotated[ConsentSource, Internal(), Describe("How it was said.")]
TextVersion = Annotated[
    str,
    Len(0, 100),
    ONE_LINE,
    Internal(),
    Authored(),
    Describe("Which wording of the question was answered."),
]
IpAddress = Annotated[
    str,
    Len(0, 45),
    ONE_LINE,
    Confidential(),
    Personal(),
    Purpose("To prove that the person has consented."),
    Describe("From where it was said; empty where nobody noted it."),
]
Themself = Annotated[bool, Public(), Describe("Whether they have shown that the address is theirs.")]


@dataclass(frozen=True, kw_only=True)
class Membership:
    """What a contact is to a list, as the next decision needs it."""

    state: MembershipState
    source: ConsentSource
    text_version: str = ""
    asked_at: datetime | None = None
    """When a mail last asked to confirm."""
    left: bool = False
    """Whether they have unsubscribed, and not confirmed since that they want it again."""


class ContactHasUnsubscribed(Refusal):
    """This contact has unsubscribed; only they can subscribe again."""


class ConfirmationJustAsked(Refusal):
    """A mail has just asked this contact to confirm; another one can be sent in a quarter of an hour."""


class ConfirmationNotValid(Refusal):
    """This link is not valid, or no longer valid."""


class TooManyLists(Refusal):
    """A contact can have to do with {most} lists."""
