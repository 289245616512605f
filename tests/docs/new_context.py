"""Lays out a new context: ``python -m tests.docs.new_context suppliers`` (`make context NAME=suppliers`)."""

import keyword
import re
import sys
from pathlib import Path

from tests.docs.pages import ROOT

_LIST = "domain/contexts.py"
_MANIFEST = '''"""The manifest of {name} {where}."""

from {module} import {manifest}

CONTEXT = {manifest}(package=__name__)
'''
_FLOORS = {
    "domain": ("in the domain", "domain.kit.context.context", "ContextDomain"),
    "projections": ("among the views", "projections.kit.context.context", "ContextViews"),
    "graphql/api": ("in the API", "api.kit.manifest", "ContextApi"),
}


def lay_out(name: str, root: Path = ROOT) -> list[Path]:
    """Write the empty folders and add the line; returns what was written. Raises ValueError for a name that is
    taken, or is no name of a package."""
    if not re.fullmatch("[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or keyword.iskeyword(name):
        raise ValueError(f"{name!r} is no name of a package, such as suppliers.")
    folders = {floor: root / floor / name for floor in (*_FLOORS, "tests")}
    if taken := [
        str(file.relative_to(root))
        for file in folders.values()
        if file.exists() or file.with_suffix(".py").exists()
    ]:
        raise ValueError(f"There is {' and '.join(taken)} already.")
    listed = root / _LIST
    if f'    "{name}",\n' in listed.read_text():
        raise ValueError(f"{_LIST} has {name} already.")
    text, count = re.subn(
        r"(?m)^(NAMES = \(\n(?:    .*\n)*)\)", rf'\g<1>    "{name}",\n)', listed.read_text()
    )
    if count != 1:
        raise ValueError(f"{_LIST} has no NAMES to add a line to.")
    written = [listed]
    for floor, folder in folders.items():
        folder.mkdir()
        written.append(folder / "__init__.py")
        if floor in _FLOORS:
            where, module, manifest = _FLOORS[floor]
            written[-1].write_text(_MANIFEST.format(name=name, where=where, module=module, manifest=manifest))
        else:
            written[-1].write_text("")
    listed.write_text(text)
    return written


def main(*names: str) -> int:
    """Return the exit status."""
    if len(names) != 1:
        print("Say which: make context NAME=suppliers", file=sys.stderr)
        return 2
    try:
        written = lay_out(names[0])
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print(*(file.relative_to(ROOT) for file in written), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
