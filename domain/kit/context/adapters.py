"""Adapters by the ports that they are: whoever needs a port asks for it by its type, and names no adapter."""

import inspect
from collections.abc import Mapping
from typing import Protocol, TypeVar

T = TypeVar("T")


def provided(*adapters: object) -> dict[type, object]:
    """The adapters by their own classes, and by the protocols that these name as bases.

    Raises TypeError where two are the same port.
    """
    found: dict[type, object] = {}
    for adapter in adapters:
        bases = type(adapter).__mro__
        for port in (type(adapter), *(base for base in bases[1:] if Protocol in base.__bases__)):
            if port in found:
                raise TypeError(f"Two adapters provide {port.__name__}.")
            found[port] = adapter
    return found


def created(kind: type[T], ports: Mapping[type, object]) -> T:
    """One of this kind, with the ports that its constructor asks for by their types; what has a default keeps it.

    Raises TypeError for a port that nothing provides.
    """
    wanted = inspect.signature(kind, eval_str=True).parameters.values()
    needed = {
        parameter.name: parameter.annotation for parameter in wanted if parameter.default is parameter.empty
    }
    if missing := [f"{name}: {port}" for name, port in needed.items() if port not in ports]:
        raise TypeError(f"Nothing provides what {kind.__qualname__} needs: {', '.join(missing)}.")
    return kind(**{name: ports[port] for name, port in needed.items()})
