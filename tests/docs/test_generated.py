"""What is made from the code and committed is found when it is out of date, and written by one command."""

from pathlib import Path

import pytest

from tests.contracts import lock
from tests.docs import generated, indexes


def test_says_what_is_out_of_date_and_writes_it_when_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "indexes.md"
    page.write_text("Old.\n")
    monkeypatch.setattr(generated, "ROOT", tmp_path)
    monkeypatch.setattr(generated, "generated", lambda *, anyway: {page: "New.\n"})
    assert generated.main("--check") == 1
    assert capsys.readouterr().out == "indexes.md is out of date: run `make generate`.\n"
    assert page.read_text() == "Old.\n"
    assert generated.main() == 0
    assert page.read_text() == "New.\n"
    assert generated.main("--check") == 0


def test_writes_nothing_where_stored_data_would_become_unreadable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lock, "breaches", lambda before, now: ["events: work.task.created is gone."])
    assert generated.main() == 1
    assert capsys.readouterr().err == "events: work.task.created is gone.\n"


def test_knows_every_file_that_says_it_is_made() -> None:
    files = generated.generated()
    assert {path.name for path in files} == {
        *(
            "asyncapi.json",
            "schema.graphql",
            "embedded_types.json",
            "data.md",
            "errors.md",
            "indexes.md",
            "settings.md",
            "commands.md",
            "orders.md",
        ),
        *("stored_names.json", "payloads.json"),
    }
    assert files[indexes.PAGE] == indexes.page()
