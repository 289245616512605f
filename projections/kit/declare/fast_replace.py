"""A row with some of its fields changed, in a third of the time that `dataclasses.replace` takes."""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

Row = TypeVar("Row")

# Rows differ in type, and fields hold anything, hence Any.
_Plan = tuple[Callable[[Any], Any], dict[str, Callable[[Any, Any], None]]]

_plans: dict[type[Any], _Plan | None] = {}


def replace(row: Row, /, **changes: Any) -> Row:
    """As `dataclasses.replace`. Raises TypeError for an unknown field.

    Folds make a row for each event, and a rebuild makes millions. A frozen dataclass sets each field by
    way of ``object.__setattr__``; one with slots and without ``__post_init__`` can be copied slot by slot.
    """
    kind = type(row)
    try:
        plan = _plans[kind]
    except KeyError:
        plan = _plans[kind] = _plan(kind)
    if plan is None:
        # The type checker cannot see that it is a dataclass.
        return dataclasses.replace(row, **changes)  # type: ignore[type-var]
    copied, setters = plan
    made: Row = copied(row)
    try:
        for name, value in changes.items():
            setters[name](made, value)
    except KeyError as error:
        raise TypeError(f"{kind.__qualname__} has no field {error}.") from None
    return made


def _plan(kind: type[Any]) -> _Plan | None:
    names = [field.name for field in dataclasses.fields(kind)]
    slots = {name: slot for base in kind.__mro__ for name, slot in vars(base).items() if name in names}
    if hasattr(kind, "__post_init__") or not all(hasattr(slots.get(name), "__set__") for name in names):
        return None
    setters = {name: slots[name].__set__ for name in names}
    # As dataclasses make their methods: a loop over the fields would take twice as long.
    lines = [
        "def copied(row):",
        "    made = new(kind)",
        *(f"    {name}_(made, row.{name})" for name in names),
    ]
    scope: dict[str, Any] = {"new": object.__new__, "kind": kind}
    scope |= {f"{name}_": setter for name, setter in setters.items()}
    exec("\n".join([*lines, "    return made"]), scope)
    return scope["copied"], setters
