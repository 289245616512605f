"""Documents of several root fields, each with arguments of its own, and how these arguments are filled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.tenancy.surface import PAGE, Root, Slot


@dataclass
class Document:
    """One operation of several root fields."""

    kind: str
    parts: list[str] = field(default_factory=list)
    declared: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    fragments: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, root: Root, given: Mapping[str, Any], selection: str) -> str:
        """Ask for a root field, under the name in the answer that is returned."""
        alias = f"a{len(self.parts)}"
        names = []
        for name, value in given.items():
            variable = f"{alias}_{name}"
            self.declared.append(f"${variable}: {root.field.args[name].type}")
            self.variables[variable] = value
            names.append(f"{name}: ${variable}")
        arguments = f"({', '.join(names)})" if names else ""
        self.parts.append(f"{alias}: {root.name}{arguments} {self._spread(root.shown, selection)}")
        return alias

    @property
    def text(self) -> str:
        """The document as it is sent."""
        declared = f"({', '.join(self.declared)})" if self.declared else ""
        fragments = (
            f"fragment {name} on {shown} {selection}" for (shown, selection), name in self.fragments.items()
        )
        return "\n".join([f"{self.kind} Sweep{declared} {{ {' '.join(self.parts)} }}", *fragments])

    def _spread(self, shown: str, selection: str) -> str:
        if not selection:
            return ""
        name = self.fragments.setdefault((shown, selection), f"Shown{len(self.fragments)}")
        return f"{{ ...{name} }}"


def paged(root: Root, given: Mapping[str, Any], *, backwards: bool = False) -> dict[str, Any]:
    """The arguments with those that ask for a small page, where there is one."""
    name = "last" if backwards else "first"
    return {**given, name: PAGE} if name in root.field.args else dict(given)


def filled(given: Mapping[str, Any], slot: Slot, value: object) -> dict[str, Any]:
    """The arguments with this value in the slot."""
    name, *rest = slot.path
    inner: object = [value] if slot.many and not isinstance(value, list) else value
    for step in reversed(rest):
        inner = {step: inner}
    values = dict(given)
    values[name] = _merged(values.get(name), inner)
    return values


def _merged(old: object, new: object) -> object:
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{name: _merged(old.get(name), value) for name, value in new.items()}}
    return new
