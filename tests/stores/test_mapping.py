"""Mappings and document ids."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from projections.kit.declare.row import Row
from projections.kit.store.index_mapping import DocumentMapping, mapping
from projections.work.tasks import TaskDocument
from tests.stores.rows import ACME, OTHER, Paper, Papers

KEYWORD = {"type": "keyword"}
WORDS = {"type": "text", "analyzer": "whitespace"}
DATE = {"type": "date"}

SRC_01: dict[str, Any] = {
    "_source": {"excludes": ["titleWords", "descriptionWords", "tagsKey"]},
    "dynamic": "strict",
    "properties": {
        "id": KEYWORD,
        "title": {"type": "text", "analyzer": "english", "fields": {"keyword": {"type": "keyword"}}},
        "description": {"type": "text", "analyzer": "english"},
        "status": KEYWORD,
        "priority": KEYWORD,
        "tags": KEYWORD,
        "createdBy": KEYWORD,
        "assignedTo": KEYWORD,
        "projectId": KEYWORD,
        "dueDate": DATE,
        "createdAt": DATE,
        "updatedAt": DATE,
        "tenantId": KEYWORD,
        "titleWords": WORDS,
        "descriptionWords": WORDS,
        "tagsKey": KEYWORD,
    },
}


def test_a_task_is_mapped_as_the_catalogue_says() -> None:
    assert mapping(Paper) == SRC_01
    mapped = mapping(TaskDocument)
    assert mapped["properties"].pop("version") == {"type": "long"}, "what the product adds to it"
    assert mapped == SRC_01


def test_a_document_comes_back_as_its_row() -> None:
    documents = DocumentMapping(Papers())
    paper = Paper(id=UUID(int=3), title="A é😀", tags=("a", "b"), due_date=None)
    assert documents.read(msgspec.json.decode(documents.document(ACME, paper))) == paper


def test_a_field_that_no_rule_covers_is_refused() -> None:
    class Odd(Row):
        id: int
        anything: dict[str, int]

    with pytest.raises(TypeError, match=r"No mapping for Odd\.anything"):
        mapping(Odd)


def test_a_row_has_no_field_for_the_tenant() -> None:
    class Odd(Row):
        id: int
        tenant_id: UUID

    with pytest.raises(TypeError, match="that the kit keeps"):
        mapping(Odd)


def test_ids_of_two_tenants_differ() -> None:
    documents = DocumentMapping(Papers())
    assert documents.id((ACME, ("a",))) != documents.id((OTHER, ("a",)))


def test_ids_of_keys_that_look_alike_differ() -> None:
    documents = DocumentMapping(Papers())
    ids = {
        documents.id((ACME, key))
        for key in [("a", "b:c"), ("a:b", "c"), ("a%3Ab", "c"), (None, "a"), ("%", "a")]
    }
    assert len(ids) == 5


def test_a_long_key_still_makes_an_id_that_the_server_takes() -> None:
    documents = DocumentMapping(Papers())
    first, second = (documents.id((ACME, ("é" * 400 + end,))) for end in "ab")
    assert first != second
    assert len(first) < 512
    assert first.startswith(str(ACME))
