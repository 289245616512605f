"""Sealed files: whole or not there, and no byte of them can be changed, cut off or put elsewhere."""

from pathlib import Path

import pytest

from app.files.pieces import PIECE
from app.privacy.export.sealed_file import SealedFileWriter, drafts, pieces, sealed_key
from domain.kit.process.files import FileDamaged

KEY, ABOUT = bytes(range(32)), "tenant/export"
SEALED = bytes.fromhex(
    "746865207365616c6564206b65790a000000330159d4d4aa955be2ce28dbcc547449f5b9b026303c5ae44040f0fbddf0e58c293f2233"
    "c8253da82dba922f28d8ce2a134c34f69a"
)
"""A file as it was first written."""


def _written(path: Path, size: int) -> bytes:
    plain = bytes(number % 251 for number in range(size))
    file = SealedFileWriter(path, sealed_key="the sealed key", key=KEY, about=ABOUT)
    for at in range(0, size, 1000):
        file.write(plain[at : at + 1000])
    file.finish()
    assert file.size == size
    return plain


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_a_file_opens_as_it_was_written(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    plain = _written(path, size)
    assert sealed_key(path) == "the sealed key"
    assert b"".join(pieces(path, key=KEY, about=ABOUT)) == plain
    assert list(drafts(path)) == []


def test_a_file_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    file = SealedFileWriter(path, sealed_key="", key=KEY, about=ABOUT)
    file.write(b"half of it")
    file.give_up()
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("cut", [1, 17, PIECE, PIECE + 21])
def test_a_file_that_was_cut_off_does_not_open(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "file"
    _written(path, 2 * PIECE)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(FileDamaged):
        list(pieces(path, key=KEY, about=ABOUT))


def test_a_file_opens_in_its_own_place_only(tmp_path: Path) -> None:
    path = tmp_path / "file"
    _written(path, 10)
    with pytest.raises(FileDamaged):
        list(pieces(path, key=KEY, about="tenant/another"))


def test_a_file_that_lies_there_opens_and_is_written_the_same_again(tmp_path: Path) -> None:
    there, again = tmp_path / "there", tmp_path / "again"
    there.write_bytes(SEALED)
    plain = b"".join(pieces(there, key=KEY, about=ABOUT))
    assert plain == b"What was sealed before opens still."
    file = SealedFileWriter(again, sealed_key=sealed_key(there), key=KEY, about=ABOUT)
    file.write(plain)
    file.finish()
    assert again.read_bytes() == SEALED
