"""Whom a demo company writes to: contacts with a custom field, on two lists, some of whom have left."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from app.demo.words import FIRST_NAMES, LAST_NAMES
from domain.campaigns.contacts.contact_commands import CreateContact
from domain.campaigns.contacts.contact_fields import CreateContactField, FieldType, FieldValue
from domain.campaigns.contacts.contact_lists import CreateContactList, OptIn
from domain.campaigns.contacts.memberships import ConsentSource
from domain.campaigns.contacts.subscription_commands import (
    ConfirmSubscription,
    SubscribeContact,
    UnsubscribeContact,
    UnsubscribeContactFromAll,
)
from domain.kit.commands import Command

Step = tuple[datetime, UUID, Command]
_LEVELS = ("bronze", "silver", "gold")
_PLACES = (
    ("en", "Europe/London"),
    ("de", "Europe/Vienna"),
    ("fr", "Europe/Paris"),
    ("pt-BR", "America/Sao_Paulo"),
)


def audience(company: UUID, owner: UUID, contacts: int, start: datetime, days: int) -> Iterator[Step]:
    """Everything that happens to them; the same start always tells the same."""
    if not contacts:
        return
    chance = random.Random(20260303)
    level, news, offers = (uuid5(company, name) for name in ("level", "news", "offers"))
    at = start + timedelta(minutes=40)
    yield (
        at,
        owner,
        CreateContactField(id=level, key="level", label="Level", type=FieldType.CHOICE, choices=_LEVELS),
    )
    yield (
        at,
        owner,
        CreateContactList(id=news, name="News", description="What is new, once a month", opt_in=OptIn.DOUBLE),
    )
    yield (
        at,
        owner,
        CreateContactList(
            id=offers, name="Offers", description="Offers for our customers", opt_in=OptIn.SINGLE
        ),
    )
    for number in range(contacts):
        at = start + timedelta(hours=2) + timedelta(days=days - 3) * (number / contacts)
        first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
        language, timezone = chance.choice(_PLACES)
        id = uuid5(company, f"contact {number}")
        yield (
            at,
            owner,
            CreateContact(
                id=id,
                email=f"{first}.{last}.{number}@mail.example.com",
                first_name=first,
                last_name=last,
                language=language,
                timezone=timezone,
                fields=(FieldValue(field_id=level, value=chance.choice(_LEVELS)),),
            ),
        )
        yield from _choices(id, owner, at, news, offers, chance)


def _choices(
    id: UUID, owner: UUID, at: datetime, news: UUID, offers: UUID, chance: random.Random
) -> Iterator[Step]:
    minute, fate = timedelta(minutes=1), chance.random()
    request = SubscribeContact(id=id, contact_list_id=news, source=ConsentSource.FORM, text_version="2026-01")
    yield at + minute, owner, request
    # Confirmed before the story is told to the end, so that nobody is mailed about it.
    yield at + 5 * minute, owner, ConfirmSubscription(id=id, contact_list_id=news)
    if fate < 0.7:
        joined = SubscribeContact(id=id, contact_list_id=offers, source=ConsentSource.API)
        yield at + 9 * minute, owner, joined
    if fate < 0.08:
        left = UnsubscribeContact(id=id, contact_list_id=offers, source=ConsentSource.MAIL)
        yield at + timedelta(days=2), owner, left
    if fate > 0.97:
        left_all = UnsubscribeContactFromAll(id=id, source=ConsentSource.MAIL)
        yield at + timedelta(days=2), owner, left_all
