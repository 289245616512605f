"""What breaks clients: the schema beside that of the last release, from the first release on."""

from collections.abc import Collection
from pathlib import Path

from graphql import build_schema, find_breaking_changes

from api.schema import schema

FOLDER = Path(__file__).parents[2] / "graphql"
RELEASED, ACCEPTED = FOLDER / "released.graphql", FOLDER / "accepted_breaks.txt"


def unaccepted(released: str, now: str, accepted: Collection[str]) -> list[str]:
    """The changes that break clients of the released schema and that nobody has accepted."""
    changes = find_breaking_changes(build_schema(released), build_schema(now))
    return sorted({change.description for change in changes} - set(accepted))


def test_nothing_breaks_clients_of_the_last_release() -> None:
    released = RELEASED.read_text() if RELEASED.exists() else schema.as_str()
    lines = ACCEPTED.read_text().splitlines() if ACCEPTED.exists() else []
    assert unaccepted(released, schema.as_str(), lines) == []


def test_what_breaks_is_found_and_can_be_accepted() -> None:
    before = "type Query { a: Int b(c: Int): Int }"
    after = "type Query { b(c: Int!): Int d: Int }"
    found = unaccepted(before, after, [])
    assert len(found) == 2
    assert unaccepted(before, after, found[:1]) == found[1:]
