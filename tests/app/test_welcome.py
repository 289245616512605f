"""What ``headwater run`` tells people to paste is valid against the schema."""

from pathlib import Path

import pytest

from app.demo.demo import DemoSignIn
from app.entry.banner import OPERATIONS, welcome
from domain.identity.authorization import BaseRole
from tests.schema.published import faults


@pytest.mark.parametrize("document", [document for _, document in OPERATIONS])
def test_an_operation_to_paste_is_valid(document: str) -> None:
    assert faults(document) == []


def test_it_says_what_to_open_and_as_whom() -> None:
    people = [DemoSignIn(email=f"{role}@x.example.com", role=role, company="X") for role in BaseRole]
    text = welcome(url="http://127.0.0.1:8000", people=people, password="PASS", folder=Path("/data"))
    assert "\nhttp://127.0.0.1:8000/#email=owner%40x.example.com&password=PASS\n" in text
    assert all(f"{person.email} " in text for person in people)


def test_it_promises_no_page_where_there_is_none() -> None:
    people = [DemoSignIn(email="o@x.example.com", role=BaseRole.OWNER, company="X")]
    here = {"url": "http://127.0.0.1:8000", "password": "PASS", "folder": Path("/data")}
    text = welcome(**here, people=people, page=False, files=False)  # type: ignore[arg-type]
    assert "Headwater is running at http://127.0.0.1:8000, without a page" in text
    assert "o@x.example.com" in text
    for promised in ("Open this address", "paste", "/#", "/data/mail"):
        assert promised not in text
