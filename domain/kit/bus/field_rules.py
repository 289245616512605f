"""Rules of a command's fields, which are run beside the limits of these."""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from domain.kit.commands import NOW, Command
from domain.kit.fields import KEPT
from domain.kit.refusals import Refusal, Violation


def refused_by_rules(
    command: type[Command], values: Mapping[str, Any], now: datetime | None, found: Iterable[Violation]
) -> list[Refusal]:
    """What the rules of a command's fields refuse, of those that are whole."""
    wrong = {violation.path[0] for violation in found}
    defaults = {
        field.name: field.default
        for field in dataclasses.fields(command)
        if field.default is not dataclasses.MISSING
    }
    given = {name: value for name, value in {**defaults, **values}.items() if name not in wrong}
    if now is not None:
        given[NOW] = now
    refused: list[Refusal] = []
    for rule, names in command.rules:
        taken = {name: given[name] for name in names if given.get(name, KEPT) is not KEPT}
        if len(taken) < len(names):
            continue
        try:
            rule(**taken)
        except Refusal as refusal:
            refused.append(refusal)
    return refused
