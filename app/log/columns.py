"""The columns of an envelope in the order of its fields."""

from dataclasses import fields

from domain.kit.log import Envelope

COLUMNS = ", ".join(field.name for field in fields(Envelope))
