"""What ``headwater run`` tells people to paste is valid against the schema."""

from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from api.schema import schema
from app.welcome import OPERATIONS, welcome


@pytest.mark.parametrize("document", [document for _, document in OPERATIONS])
def test_an_operation_to_paste_is_valid(document: str) -> None:
    assert validate(build_schema(schema.as_str()), parse(document)) == []


def test_it_says_what_to_open_and_as_whom() -> None:
    text = welcome(url="http://127.0.0.1:8000", token="TOKEN", logs=Path("/logs"))
    assert "\nhttp://127.0.0.1:8000/#token=TOKEN\n" in text
