"""Commands whose output nobody reads, as that of ``headwater views | head`` after its first lines."""

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.cli.failures import sentence
from app.settings import Settings
from tests.kit.product import Product
from tests.operations.test_every_command import GIVEN, OFFLINE

LISTS = ("views", "status", "log verify", "views --json", "tenant list --json", "effects list --json")


@dataclass(frozen=True)
class _Ended:
    code: int
    err: str


def _ended(settings: Settings, words: str, *, out: int, err: int = subprocess.PIPE) -> _Ended:
    ran = subprocess.run(
        [sys.executable, "-m", "app.cli", *words.split()],
        check=False,
        stdout=out,
        stderr=err,
        text=True,
        env={**os.environ, **settings.environ()},
    )
    return _Ended(ran.returncode, ran.stderr or "")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates are written to where it is typed."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def unread() -> int:
    """A pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


QUIET = _Ended(141, "")


@pytest.mark.parametrize("words", ["--help", "views --help", "views show nothing-has-this-name --help"])
def test_help_that_nobody_reads_ends_quietly(settings: Settings, unread: int, words: str) -> None:
    assert _ended(settings, words, out=unread) == QUIET


@pytest.mark.parametrize("words", sorted(OFFLINE))
def test_a_document_that_nobody_reads_ends_quietly(settings: Settings, unread: int, words: str) -> None:
    given = " ".join((words, *GIVEN.get(words, ())))
    assert _ended(settings, given, out=unread) == QUIET


@pytest.mark.parametrize("words", LISTS)
async def test_a_list_that_nobody_reads_ends_quietly(product: Product, unread: int, words: str) -> None:
    """With open connections, which are not to be taken for the pipe."""
    assert await asyncio.to_thread(_ended, product.settings, words, out=unread) == QUIET


def test_errors_that_nobody_reads_change_no_exit_code(settings: Settings, unread: int) -> None:
    assert _ended(settings, "views --nothing-is-called-so", out=subprocess.DEVNULL, err=unread).code == 2


def test_output_that_finds_no_room_is_a_sentence(settings: Settings) -> None:
    with open("/dev/full", "wb") as full:
        ended = _ended(settings, "settings", out=full.fileno())
    assert ended == _Ended(2, "headwater: standard output cannot be written: No space left on device.\n")


def test_a_pipe_to_a_server_that_breaks_is_told() -> None:
    assert sentence(BrokenPipeError(32, "Broken pipe")) == (
        "the database could not be reached: [Errno 32] Broken pipe"
    )
