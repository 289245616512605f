"""What became of mail, as providers tell of it, whoever that is."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from domain.gateway.callbacks.notices import Json, word_of
from domain.kit.fields import Describe, Internal, Len
from domain.kit.ids import read_id
from domain.kit.mail import ascii_address
from domain.kit.sealed import resembles_sealed

MESSAGE = "headwater_message"
"""The name under which a message carries its id to its provider, and back."""
_STATUS = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}")
_LARGEST_NUMBER = 2**53


class MailOutcome(StrEnum):
    """What became of a message."""

    PROCESSED = "processed"
    """The provider has taken it."""
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    DROPPED = "dropped"
    """The provider has sent it to nobody."""
    OPENED = "opened"
    CLICKED = "clicked"
    COMPLAINED = "complained"
    """Whoever got it called it spam."""
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True, kw_only=True)
class MailNotice:
    """What a provider tells of a message."""

    outcome: Annotated[MailOutcome, Internal(), Describe("What became of it.")]
    message_id: Annotated[
        UUID | None, Internal(), Describe("The message, where it is one that was sent from here.")
    ] = None
    permanent: Annotated[
        bool, Internal(), Describe("Whether no message will ever arrive at its address.")
    ] = False
    machine: Annotated[bool, Internal(), Describe("Whether a program has opened it, and no person.")] = False
    status: Annotated[
        str, Len(0, 11), Internal(), Describe("The status code of the mail server (RFC 3463), as `5.1.1`.")
    ] = ""
    address: Annotated[
        str,
        Len(0, 64),
        Internal(),
        Describe("The fingerprint of the address; empty where the provider names none."),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailItem:
    """One thing that a callback tells of mail. The place and the program of whoever got it are left out."""

    key: str
    """By what it is the same when it comes again: an id, or, where it has none, all that it says."""
    keyed: bool
    """Whether the key is an id: what it says may name somebody."""
    occurred_at: datetime | None
    notice: MailNotice | None
    """None: of a kind that is not known here."""
    address: str
    """To whom the message went; empty where it is not said, or to several."""
    details: dict[str, str | int | bool]
    """What else is kept of it."""


def details_of(value: dict[str, Json], *names: str) -> dict[str, str | int | bool]:
    """The words and numbers that stand under these names."""
    found: dict[str, str | int | bool] = {}
    for name in names:
        each: Any = value.get(name)
        if isinstance(each, str):
            each = word_of(each.replace(" ", "_")) or None
        if isinstance(each, bool | str) or (type(each) is int and abs(each) < _LARGEST_NUMBER):
            found[name] = each
    return found


def status_of(value: Json) -> str:
    """The status code that a value is; empty for what is none."""
    return value if isinstance(value, str) and _STATUS.fullmatch(value) else ""


def message_of(value: Json) -> UUID | None:
    """The message that a value names; None for what names none."""
    try:
        return read_id(value)
    except ValueError:
        return None


def address_of(value: Json) -> str:
    """The address that a value is, bare or with a name before it, as addresses are compared; empty for none."""
    if not isinstance(value, str) or len(value) > 1000 or resembles_sealed(value):
        return ""
    bare = value[value.rfind("<") + 1 : -1] if value.endswith(">") else value
    try:
        plain = ascii_address(bare.strip()).lower()
    except ValueError:
        return ""
    return plain if 3 <= len(plain) <= 254 and plain.count("@") == 1 and plain.isprintable() else ""
