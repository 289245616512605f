"""An input field that may be null and clears nothing: null says no more than leaving it out."""

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_args, get_type_hints
from uuid import UUID

import pytest

from api.kit.schema.mutations import built
from api.kit.schema.node_types import part, takes
from domain.kit.commands import Command
from domain.kit.fields import KEPT, nullable
from domain.kit.scenario import NOON
from tests.schema.published import published

ID = UUID(int=1)


def _below(kind: Any) -> Iterator[Any]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def _sent() -> dict[str, Any]:
    """The commands whose inputs are published, by the names of these."""
    known = {f"{command.__name__}Input": command for command in _below(Command)}
    return {name: known[name] for name in sorted(known.keys() & published().type_map.keys())}


COMMANDS = _sent()


def _required(cls: Any) -> set[str]:
    """The fields of a class that must be said."""
    return {each.name for each in fields(cls) if (each.default, each.default_factory) == (MISSING, MISSING)}


def _optional(cls: Any) -> set[str]:
    """The fields of a class that may be left out, and hold no null."""
    return {each.name for each in fields(cls)} - _required(cls) - nullable(cls)


# Values are of any type: nothing looks at them before the command is checked.
def _command(name: str, /, **said: Any) -> Any:
    command: Any = COMMANDS[name]
    shown = published().type_map[name].fields  # type: ignore[attr-defined]
    hidden = {each.name for each in fields(command) if _camel(each.name) not in shown}
    taken: Any = takes(command, leave_out=tuple(hidden))
    hints = {each.name for each in fields(taken)}
    must = _required(command) & hints - {"id"}
    given: dict[str, Any] = {name: [] for name in must} | {each: said[each] for each in said.keys() & hints}
    if command.wiring.creates is None and "id" in hints:
        given["id"] = ID
    return built(command, taken(**given), ID, NOON, **dict.fromkeys(hidden, "known"))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def test_there_are_commands_with_fields_that_may_be_left_out() -> None:
    assert {
        "RegisterSourceInput",
        "CreateTaskInput",
        "StartImportInput",
        "InviteUserInput",
    } <= COMMANDS.keys()
    assert sum(bool(_optional(command)) for command in COMMANDS.values()) > 20


@pytest.mark.parametrize("name", COMMANDS)
def test_null_in_an_input_is_as_if_it_were_left_out(name: str) -> None:
    command = COMMANDS[name]
    nulls = dict.fromkeys(_optional(command) - {"id"})
    if command.wiring.creates is not None:
        nulls["id"] = None
    assert _command(name, **nulls) == _command(name)


@pytest.mark.parametrize("name", COMMANDS)
def test_null_within_a_part_of_an_input_is_as_if_it_were_left_out(name: str) -> None:
    hints = get_type_hints(COMMANDS[name])
    for field, hint in hints.items():
        held = next(
            (each for each in (hint, *get_args(hint)) if isinstance(each, type) and is_dataclass(each)), None
        )
        if held is None or field not in {each.name for each in fields(COMMANDS[name])}:
            continue
        kind: Any = held
        must = dict.fromkeys(_required(kind), "said")
        taken, nulls = part(kind), dict.fromkeys(_optional(kind))
        said, null = taken(**must), taken(**must, **nulls)
        assert _command(name, **{field: [null]}) == _command(name, **{field: [said]})


@pytest.mark.parametrize("name", COMMANDS)
def test_what_null_clears_is_said_where_it_is_taken(name: str) -> None:
    command = COMMANDS[name]
    cleared = {each.name for each in fields(command) if each.default is KEPT} & nullable(command)
    taken: Any = published().type_map[name]
    texts = {each: taken.fields[_camel(each)].description for each in cleared}
    assert [each for each, text in texts.items() if "null" not in text.lower()] == []
    assert "null" not in taken.description.lower()
