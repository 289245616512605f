"""Rows: what a view holds one of, as a frozen value; and the fields that every view may have.

    class LabelRow(Row):
        \"\"\"A short coloured name.\"\"\"

        id: Id
        name: Name
        created_at: CreatedAt

A row is a `msgspec.Struct`: it is made, copied, encoded and decoded in a fraction of the time that a frozen
dataclass takes, and a rebuild makes millions.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar, dataclass_transform
from uuid import UUID

import msgspec

from domain.kit.fields import Describe, Public

if TYPE_CHECKING:
    from dataclasses import Field
    from dataclasses import replace as replace
else:
    from msgspec.structs import replace as replace
# Checkers know the fields of a row in `dataclasses.replace`, which msgspec's own hides from them.


class RowType(msgspec.StructMeta):
    """The class of row classes: the fields of every row are given by name."""

    # A namespace and options hold anything, hence Any.
    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
    ) -> "RowType":
        return super().__new__(cls, name, bases, namespace, kw_only=True, **options)


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Row(msgspec.Struct, frozen=True, metaclass=RowType):
    """Base of the rows of views: a frozen value, whose fields are given by name."""

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


R = TypeVar("R", bound=Row)
"""The row of a view."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Marks a field that declared folds fill in: ``created``, when the row is made; ``updated``, each time;
    ``version``, each time, with the version of the event's stream."""

    name: str


Id = Annotated[UUID, Public(), Describe("The id.")]
CreatedAt = Annotated[datetime, Stamp("created"), Describe("When it was created.")]
UpdatedAt = Annotated[datetime, Stamp("updated"), Describe("When it last changed.")]
Version = Annotated[
    int, Stamp("version"), Describe("The number of events in its history, for `expectedVersion`.")
]
