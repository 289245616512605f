"""What is stored under names, written down: after `make generate`, read the difference.

It refuses what would make stored data unreadable; ``OPTIONS=--anyway`` is for a change that was never deployed.
New events get an example payload, which from then on must stay readable.
"""

import json
import re
from pathlib import Path
from typing import Any

from tests.contracts.examples import example_payload
from tests.contracts.stored import Names, product_events, stored_names

LOCK = Path(__file__).with_name("stored_names.json")
PAYLOADS = Path(__file__).with_name("payloads.json")
_ADDED = re.compile(r"(, \w+: [^:()]+, optional)+")
HOW = "If the change is meant, run `make generate` and commit what it writes."


def locked() -> Names:
    """What the lock file says."""
    return dict(json.loads(LOCK.read_text()))


def payloads() -> dict[str, dict[str, Any]]:
    """Payloads as they were once stored, by event and version."""
    return dict(json.loads(PAYLOADS.read_text()))


def breaches(before: Names, now: Names) -> list[str]:
    """Where what is stored would no longer be what the code takes it for."""
    found: list[str] = []
    for kind, fields in (("events", "fields"), ("aggregates", "snapshot"), ("views", "fields")):
        for name, was in before[kind].items():
            thing = now[kind].get(name)
            if thing is None:
                if kind != "views":
                    found.append(f"{kind}: {name} is gone, but is stored.")
            elif thing["version"] < was["version"]:
                found.append(f"{kind}: {name} went back to version {thing['version']}.")
            elif thing["version"] == was["version"] and (why := _changed(kind, was[fields], thing[fields])):
                found.append(f"{kind}: {name} {why}; raise its version.")
    for name, was in before["reservations"].items():
        if (reservation := now["reservations"].get(name)) is None:
            found.append(f"reservations: {name} is gone, but values are reserved under it.")
        elif reservation != was:
            found.append(f"reservations: {name} reserves otherwise, but values are reserved under it.")
    for name, shape in before["effects"].items():
        if (effect := now["effects"].get(name)) is None:
            found.append(f"effects: {name} is gone, but may be pending.")
        elif why := _changed("effects", shape, effect):
            found.append(f"effects: {name} {why}, but may be pending.")
    return found


def _changed(kind: str, was: dict[str, str], now: dict[str, str]) -> str | None:
    """Why the same version may not have these fields.

    An event, and a part of it, may gain optional fields, and an enum further values; a view, whose table stands,
    gains nothing.
    """
    for field, shape in was.items():
        values, _, more = shape.partition(", ")
        values_now, _, more_now = now.get(field, "").partition(", ")
        grown = kind != "views" and more_now == more and values_now.startswith(f"{values}/")
        if (
            now.get(field) != shape
            and not grown
            and (kind == "views" or not _widened(shape, now.get(field, "")))
        ):
            return f"has {field} as {now.get(field)}, which was {shape}"
    for field in now.keys() - was.keys():
        if kind == "views" or not now[field].endswith("optional"):
            return f"has the new field {field}"
    return None


def _widened(was: str, now: str) -> bool:
    """Whether a part, as ``(a: int, b: str, optional), internal``, has gained optional fields and is as it was
    otherwise."""
    known, end, marks = was.rpartition(")")
    added = now.removeprefix(known).removesuffix(f"{end}{marks}")
    return now == f"{known}{added}{end}{marks}" and bool(_ADDED.fullmatch(added))


def files(*, anyway: bool = False) -> dict[Path, str]:
    """Both files as the code now is. Raises ValueError when that would break what is stored."""
    now = stored_names()
    if LOCK.exists() and not anyway and (found := breaches(locked(), now)):
        raise ValueError("\n".join(found))
    known = payloads() if PAYLOADS.exists() else {}
    for name, event in product_events().items():
        known.setdefault(name, {}).setdefault(str(event.class_version), example_payload(event))
    return {LOCK: _text(now), PAYLOADS: _text(dict(sorted(known.items())))}


def _text(content: object) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
