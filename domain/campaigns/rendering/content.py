"""What a version of a template holds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Content:
    """The parts of a version, in Liquid."""

    subject: str
    preheader: str
    body: str
    text: str
