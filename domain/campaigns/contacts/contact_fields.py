"""Custom fields: what a tenant keeps of its contacts besides, each of a type."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.kit.fields import Authored, Describe, Internal, Len, Pattern, Public
from domain.kit.model import ONE_LINE, Aggregate, Command, Event, Invalid, Refusal, applies, assigns

MOST_FIELDS = 50
"""Custom fields that a contact has at the most."""
LONGEST_VALUE = 1000


class FieldType(StrEnum):
    """What a custom field holds."""

    TEXT = "text"
    NUMBER = "number"
    """With a decimal point, of 15 digits at the most."""
    DATE = "date"
    """As `2026-12-31`."""
    BOOLEAN = "boolean"
    """`true` or `false`."""
    CHOICE = "choice"
    """One of the field's choices."""


Key = Annotated[
    str,
    Len(1, 50),
    Pattern("[a-z][a-z0-9_]*", "is not a name in lower case, as `customer_since`"),
    Internal(),
    Authored(),
    Describe("What templates and files call it; it never changes."),
]
Label = Annotated[str, Len(1, 100), ONE_LINE, Internal(), Authored(), Describe("What people call it.")]
Kind = Annotated[FieldType, Public(), Describe("What it holds; it never changes.")]
Choice = Annotated[str, Len(1, 100), ONE_LINE]
Choices = Annotated[
    tuple[Choice, ...], Len(0, 100), Internal(), Authored(), Describe("What can be chosen, in its order.")
]


class FieldNeedsChoices(Refusal):
    """A field of choices needs some, and no other field has any."""


class FieldValueDoesNotFit(Refusal):
    """The custom field {label} {reason}."""


class ContactField(Aggregate, topic="campaigns.contact_field", unique=("key",)):
    """A field that contacts of the tenant can have."""

    class Created(Event):
        key: Key
        label: Label
        type: Kind
        choices: Choices = ()

    class Relabelled(Event):
        label: Label

    class ChoicesChanged(Event):
        choices: Choices

    class Deleted(Event, ends=True):
        key: Key

    key: str
    label: str
    type: FieldType
    choices: tuple[str, ...] = ()

    changed = assigns(Created, Relabelled)

    @applies(ChoicesChanged)
    def _choices_changed(self, event: ChoicesChanged) -> None:
        self.choices = event.choices

    def read(self, text: str) -> str | int | float | bool:
        """The value of a text. Raises FieldValueDoesNotFit."""
        match self.type:
            case FieldType.NUMBER if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) and _digits(text) <= 15:
                return float(text) if "." in text else int(text)
            case FieldType.NUMBER:
                reason = "takes a number of 15 digits at the most, as 12.5"
            case FieldType.DATE:
                if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) and _is_date(text):
                    return text
                reason = "takes a date, as 2026-12-31"
            case FieldType.BOOLEAN if text in ("true", "false"):
                return text == "true"
            case FieldType.BOOLEAN:
                reason = "takes true or false"
            case FieldType.CHOICE if text not in self.choices:
                reason = "takes one of its choices"
            case _:
                return text
        raise FieldValueDoesNotFit(field="fields", label=self.label, reason=reason)


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, kw_only=True)
class FieldValue:
    """The value of a custom field."""

    field_id: Annotated[UUID, Internal(), Describe("The custom field's id.")]
    value: Annotated[
        str,
        Len(1, LONGEST_VALUE),
        Internal(),
        Authored(),
        Describe("The value as a text: `12.5`, `2026-12-31`, `true`."),
    ]


Values = Annotated[
    tuple[FieldValue, ...],
    Len(0, MOST_FIELDS),
    Describe("The contact's custom fields, all of them: one that is left out has no value."),
]


def checked(values: tuple[FieldValue, ...], fields: Mapping[UUID, ContactField]) -> str:
    """The values as JSON by the keys of their fields, empty for none; ``fields`` are those of them that live.

    Raises Invalid for a field that is not there, or is named twice, and FieldValueDoesNotFit.
    """
    found: dict[str, str | int | float | bool] = {}
    for given in values:
        if (known := fields.get(given.field_id)) is None:
            raise Invalid(field="fields", reason="names a field that is not there")
        if known.key in found:
            raise Invalid(field="fields", reason="names a field twice")
        found[known.key] = known.read(given.value)
    return json.dumps(found, ensure_ascii=False) if found else ""


def require_choices(type: FieldType, choices: tuple[str, ...]) -> None:
    """Raise FieldNeedsChoices unless there are choices where they belong, and Invalid for one that comes twice."""
    if (type is FieldType.CHOICE) is not bool(choices):
        raise FieldNeedsChoices(field="choices")
    _distinct(choices)


def _distinct(choices: tuple[str, ...]) -> tuple[str, ...]:
    kept = tuple(choice.strip() for choice in choices)
    if len(set(kept)) != len(kept):
        raise Invalid(field="choices", reason="has a choice twice")
    return kept


class CreateContactField(Command, requires=(require_choices,)):
    """Create a custom field for contacts."""

    key: Key
    label: Label
    type: Kind
    choices: Choices = ()

    def handle(self) -> ContactField:
        created = ContactField.Created(
            key=self.key, label=self.label.strip(), type=self.type, choices=_distinct(self.choices)
        )
        return ContactField.begin(self.id, created)


class RelabelContactField(Command):
    """Give a custom field another label."""

    label: Label

    def handle(self, field: ContactField) -> None:
        if (label := self.label.strip()) != field.label:
            field.record(ContactField.Relabelled(label=label))


class ChangeContactFieldChoices(Command):
    """Change what can be chosen; contacts keep what they have."""

    choices: Choices

    def handle(self, field: ContactField) -> None:
        require_choices(field.type, self.choices)
        if (choices := _distinct(self.choices)) != field.choices:
            field.record(ContactField.ChoicesChanged(choices=choices))


class UpdateContactField(Command, of=(RelabelContactField, ChangeContactFieldChoices)):
    """Change label and choices of a custom field at once."""


class DeleteContactField(Command):
    """Delete a custom field; what contacts have of it stays with them until they are changed."""

    def handle(self, field: ContactField) -> None:
        field.record(ContactField.Deleted(key=field.key))
