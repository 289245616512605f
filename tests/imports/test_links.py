"""Links to files: each is good for one file and for a while."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl
from uuid import UUID

from app.files.links import GOOD_FOR, SignedLinks
from domain.kit.process.files import FileNote


class _Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def test_a_link_is_good_for_its_file_and_for_a_while() -> None:
    clock, tenant, id = _Clock(), UUID(int=1), UUID(int=2)
    links = SignedLinks(b"k" * 32, clock)
    note = FileNote(asked_by=UUID(int=4), kind="person", field="Import.file", what="žlutý & co", name="a.csv")
    path, _, query = links.link(tenant, id, note).partition("?")
    said = dict(parse_qsl(query))
    assert path == f"/v1/files/{id}"
    found = links.read(id, said)
    assert found is not None
    assert (found.tenant_id, found.id, found.note) == (tenant, id, note)
    assert links.read(UUID(int=3), said) is None
    other = said["note"].replace("person", "key")
    wrongs = [
        ("tenant", str(id)),
        ("until", "9999999999"),
        ("until", "x"),
        ("signature", "é"),
        ("note", other),
    ]
    for name, wrong in wrongs:
        assert links.read(id, {**said, name: wrong}) is None
    assert links.read(id, {}) is None
    assert SignedLinks(b"l" * 32, clock).read(id, said) is None
    clock.at += GOOD_FOR
    assert links.read(id, said) is None
