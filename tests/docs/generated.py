"""Everything that is made from the code and committed: ``python -m tests.docs.generated`` writes it.

With ``--check`` it writes nothing and says what is out of date; ``--anyway`` also writes what makes stored data
unreadable, which is for a change that was never deployed.
"""

import json
import sys
from pathlib import Path

from graphql import GraphQLObjectType

from api.schema import schema
from app.catalogue import asyncapi
from tests.contracts import lock
from tests.docs import data, errors, indexes, orders, reference
from tests.docs.pages import ROOT

SCHEMA = ROOT / "graphql" / "schema.graphql"
EMBEDDED = ROOT / "graphql" / "embedded_types.json"
"""The types of objects without an id, which caches of clients keep inside what holds them."""


def generated(*, anyway: bool = False) -> dict[Path, str]:
    """The text of each file. Raises ValueError when stored data would become unreadable."""
    return {
        SCHEMA: schema.as_str() + "\n",
        EMBEDDED: json.dumps(embedded_types(), indent=2) + "\n",
        data.PAGE: data.page(),
        indexes.PAGE: indexes.page(),
        ROOT / "docs" / "asyncapi.json": json.dumps(asyncapi.document(), indent=1) + "\n",
        ROOT / errors.PAGE: errors.page(),
        ROOT / orders.PAGE: orders.page(),
        ROOT / reference.SETTINGS: reference.settings_page(),
        ROOT / reference.COMMANDS: reference.commands_page(),
        **lock.files(anyway=anyway),
    }


def embedded_types() -> list[str]:
    """The names of the object types without an ``id``, but those at the root."""
    found = schema._schema
    roots = {found.query_type, found.mutation_type, found.subscription_type}
    return sorted(
        name
        for name, kind in found.type_map.items()
        if isinstance(kind, GraphQLObjectType)
        and kind not in roots
        and "id" not in kind.fields
        and not name.startswith("__")
    )


def main(*options: str) -> int:
    """Write, or only say, what is out of date; returns the exit status."""
    try:
        files = generated(anyway="--anyway" in options)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    stale = [path for path, text in files.items() if not path.exists() or path.read_text() != text]
    checking = "--check" in options
    for path in stale:
        print(
            f"{path.relative_to(ROOT)} is out of date: run `make generate`."
            if checking
            else path.relative_to(ROOT)
        )
        if not checking:
            path.write_text(files[path])
    return 1 if stale and checking else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
