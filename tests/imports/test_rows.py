"""Rows of files: of every format and encoding, from any row on, and what cannot be read costs its neighbours
nothing."""

import io
import json
from contextlib import suppress
from typing import Any

import pytest

from app.imports.file_rows import MOST_BLANK, BlankStretch, FilePlace, FileRow, FileUnreadable
from app.imports.rows import BEGINNING, columns, first_rows, rows
from app.imports.text_lines import LONGEST, is_text
from domain.kit.imports.file_forms import FileEncoding, FileForm, FileFormat

CSV = FileForm(format=FileFormat.CSV)
TABLE = 'id,name\r\n1,"Ann, ""A"""\r\n2,"two\nlines"\r\n\r\n3,\r\n'
CELLS = [{"id": "1", "name": 'Ann, "A"'}, {"id": "2", "name": "two\nlines"}, {"id": "3", "name": ""}]


def read(content: bytes, form: FileForm, place: FilePlace | None = None) -> list[FileRow]:
    """All rows after a place."""
    return list(rows(io.BytesIO(content), form, place or FilePlace()))


def cells(content: bytes, form: FileForm = CSV) -> list[Any]:
    """The cells of all rows; the fault of one that cannot be read."""
    return [row.fault or row.cells for row in read(content, form)]


@pytest.mark.parametrize("encoding", list(FileEncoding))
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_reads_csv_in_every_encoding(encoding: FileEncoding, ending: str) -> None:
    content = f"id;name{ending}1;Müller{ending}2;Ô{ending}".encode(encoding.value)
    form = FileForm(format=FileFormat.CSV, encoding=encoding, separator=";")
    assert cells(content, form) == [{"id": "1", "name": "Müller"}, {"id": "2", "name": "Ô"}]


@pytest.mark.parametrize("encoding", [FileEncoding.UTF_8, FileEncoding.UTF_16_LE, FileEncoding.UTF_16_BE])
def test_a_byte_order_mark_is_no_part_of_the_first_column(encoding: FileEncoding) -> None:
    content = ("\ufeff" + TABLE).encode(encoding.value)
    form = FileForm(format=FileFormat.CSV, encoding=encoding)
    assert cells(content, form) == CELLS
    assert columns(io.BytesIO(content), form) == ("id", "name")


@pytest.mark.parametrize("encoding", list(FileEncoding))
def test_goes_on_after_any_row(encoding: FileEncoding) -> None:
    text = "id,name\n" + "".join(f'{n},"ü{n}\nx"\n' for n in range(9)) + '9,"a\n'
    content = text.encode(encoding.value)
    form = FileForm(format=FileFormat.CSV, encoding=encoding)
    whole = read(content, form)
    assert len(whole) == 10
    for number, row in enumerate(whole):
        assert read(content, form, row.after) == whole[number + 1 :]


def test_goes_on_after_any_object() -> None:
    objects = [{"ü": n, "s": "a]},{\n"} for n in range(9)]
    of_lines = "\n\n".join(json.dumps(each) for each in objects)
    of_list = (
        " [\n" + ",\n  ".join(json.dumps(each, indent=1, ensure_ascii=False) for each in objects) + "\n] "
    )
    for format, text in ((FileFormat.NDJSON, of_lines), (FileFormat.JSON, of_list)):
        form = FileForm(format=format)
        whole = read(text.encode(), form)
        assert [row.cells for row in whole] == objects
        for number, row in enumerate(whole):
            assert read(text.encode(), form, row.after) == whole[number + 1 :]


def test_says_on_which_line_a_row_begins() -> None:
    assert [row.line for row in read(TABLE.encode(), CSV)] == [2, 3, 6]
    listed = read(b'[{"a":\n1},\n\n{"a":2}]', FileForm(format=FileFormat.JSON))
    assert [row.line for row in listed] == [1, 4]


def test_one_column_is_one_column() -> None:
    assert cells(b"c0\nv0\na;b\n") == [{"c0": "v0"}, {"c0": "a;b"}]


def test_a_row_of_another_length_is_a_fault_of_that_row() -> None:
    found = cells(b"a,b\n" + b"1,2\n" * 1000 + b"1,2,3\n1,2\n")
    assert len(found) == 1002
    assert found[-2] == "The row has 3 cells where the file has 2 columns."
    assert found[-1] == {"a": "1", "b": "2"}


def test_a_quote_that_is_never_closed_costs_one_row() -> None:
    found = cells(b'a,b\n1,"x\n' + b"2,y\n" * 5)
    assert found[0].startswith("The row cannot be read: ")
    assert found[1:] == [{"a": "2", "b": "y"}] * 5
    found = cells(b'a,b\n1,"x\n' + b"2,y\n" * 40_000)
    assert (len(found), found[1]) == (40_001, {"a": "2", "b": "y"})


def test_a_quote_within_a_cell_costs_one_row() -> None:
    assert cells(b'a,b\n1,"x"y\n2,z\n')[1:] == [{"a": "2", "b": "z"}]


def test_a_line_without_an_end_is_cut_and_what_follows_is_read() -> None:
    found = read(b"a\n" + b"x" * (5 * LONGEST) + b"\nlast\n", CSV)
    assert [bool(row.fault) for row in found] == [True, False]
    assert found[1].cells == {"a": "last"}
    assert len(found[0].text) <= LONGEST


def test_bytes_that_are_no_characters_stand_in_their_row_alone() -> None:
    found = cells(b"a\n\xff\nb\n")
    assert found == [{"a": "\udcff"}, {"a": "b"}]


def test_skips_what_stands_above_the_columns() -> None:
    form = FileForm(format=FileFormat.CSV, skipped_lines=2)
    assert cells(b"Report\nJanuary\na,b\n1,2\n", form) == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize("content", [b"", b"a,a\n", b"a,,b\n1,2,3\n", b'"a\n', b"\xff\n"])
def test_refuses_a_file_whose_columns_have_no_names(content: bytes) -> None:
    with pytest.raises(FileUnreadable):
        read(content, CSV)


@pytest.mark.parametrize("content", [b'{"a":1}', b'[{"a":1}, {"a"', b'[{"a":1} x', b"[" + b"[" * 100_000])
def test_refuses_what_is_no_list_of_json(content: bytes) -> None:
    with pytest.raises(FileUnreadable):
        read(content, FileForm(format=FileFormat.JSON))


JSON = FileForm(format=FileFormat.JSON)


@pytest.mark.parametrize(
    "content",
    [
        b'[{"a":1}] [{"a":2}]',
        b'[{"a":1}] x',
        b'[{"a":1} {"a":2}]',
        b'[{"a":1},,{"a":2}]',
        b'[{"a":1},]',
        b'[,{"a":1}]',
        b'[{"a":1},',
        b'[{"a":1}',
    ],
)
def test_nothing_stands_in_a_list_but_rows_with_a_comma_between_them(content: bytes) -> None:
    with pytest.raises(FileUnreadable):
        read(content, JSON)


def test_a_number_that_is_too_long_costs_its_neighbours_nothing() -> None:
    content = b'[{"a": 1}, {"a": %s}, {"a": 2}]' % (b"1" * 5_000)
    form = FileForm(format=FileFormat.JSON)
    assert cells(content, form) == [{"a": 1}, None, {"a": 2}]


def test_a_list_may_be_empty_and_end_in_blanks() -> None:
    assert read(b" [ ] \n", JSON) == []
    assert len(read(b'[{"a":1}]\n\n', JSON)) == 1


def test_a_row_that_is_nested_too_deeply_costs_its_neighbours_nothing() -> None:
    content = b'[{"a":1},' + b"[" * 20_000 + b"]" * 20_000 + b',{"a":2}]'
    assert [row.cells for row in read(content, JSON)] == [{"a": 1}, None, {"a": 2}]


@pytest.mark.parametrize("format", [FileFormat.CSV, FileFormat.NDJSON])
def test_goes_on_after_lines_without_a_row(format: FileFormat) -> None:
    content, form = b"a\n" * (format is FileFormat.CSV), FileForm(format=format)
    content += b"\n" * (MOST_BLANK + 10) + b'{"a":1}\n' + b"\n" * MOST_BLANK
    found, place, stretches = list[FileRow](), FilePlace(), 0
    while True:
        try:
            for row in rows(io.BytesIO(content), form, place):
                found.append(row)
                place = row.after
        except BlankStretch as blank:
            place, stretches = blank.after, stretches + 1
        else:
            break
    assert (len(found), stretches) == (1, 2)
    assert found[0].line == MOST_BLANK + 11 + (format is FileFormat.CSV)


class _Read(io.BytesIO):
    """A file that counts what is read of it."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self.taken += len(found)
        return found


@pytest.mark.parametrize("format", [FileFormat.CSV, FileFormat.NDJSON, FileFormat.JSON])
@pytest.mark.parametrize("filling", [b"x", b"\n", b" ", b'"\n'])
def test_no_more_than_the_beginning_is_looked_at(format: FileFormat, filling: bytes) -> None:
    file = _Read(b'[{"a":1},\n' + filling * (3 * BEGINNING // len(filling)))
    with suppress(FileUnreadable):
        first_rows(file, FileForm(format=format), 100)
    assert 0 < file.taken <= 2 * BEGINNING + 64 * 1024


def test_what_the_beginning_cuts_off_is_no_row() -> None:
    lines = b'{"a":"' + b"x" * 10_000 + b'"}\n'
    found = first_rows(io.BytesIO(lines * 200), FileForm(format=FileFormat.NDJSON), 1_000)
    assert 90 < len(found) < 110
    assert all(row.cells for row in found)


def test_a_line_that_does_not_end_makes_a_file_unreadable() -> None:
    with pytest.raises(FileUnreadable):
        read(b"a\n" + b"x" * (66 * 1024 * 1024), CSV)


def test_a_line_that_is_no_json_is_a_row() -> None:
    found = read(b'{"a":1}\nnot\n[1]\n{"a":2}', FileForm(format=FileFormat.NDJSON))
    assert [row.cells for row in found] == [{"a": 1}, None, None, {"a": 2}]


@pytest.mark.parametrize("encoding", [FileEncoding.UTF_16_LE, FileEncoding.UTF_16_BE])
def test_half_a_character_at_the_end_is_a_fault_of_its_row(encoding: FileEncoding) -> None:
    whole = "id,name\n1,Ann\n2,Bo\U0001f600".encode(encoding.value)
    form = FileForm(format=FileFormat.CSV, encoding=encoding)
    for cut in (1, 2, 3):
        first, last = read(whole[:-cut], form)
        assert first.cells == {"id": "1", "name": "Ann"}
        assert last.cells is not None
        assert not is_text(last.cells["name"])
    *_, last = read("id,name\n1,Ann\n".encode(encoding.value) + b"a", form)
    assert last.cells != {"id": "1", "name": "Ann"}
    form = FileForm(format=FileFormat.NDJSON, encoding=encoding)
    assert cells('{"a":1}\n'.encode(encoding.value) + b"a", form)[1:] == [
        "The row holds bytes that are no characters."
    ]
