"""Sealed files: whole or not there, and no byte of them can be changed, cut off or put elsewhere."""

from pathlib import Path

import pytest

from app.privacy.export.sealed_file import PIECE, Damaged, SealedFileWriter, drafts, pieces, sealed_key

KEY, ABOUT = bytes(range(32)), "tenant/export"


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
    with pytest.raises(Damaged):
        list(pieces(path, key=KEY, about=ABOUT))


def test_a_file_opens_in_its_own_place_only(tmp_path: Path) -> None:
    path = tmp_path / "file"
    _written(path, 10)
    with pytest.raises(Damaged):
        list(pieces(path, key=KEY, about="tenant/another"))
