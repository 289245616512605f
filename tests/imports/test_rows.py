"""Rows of files: of every format and encoding, from any row on, and what cannot be read costs its neighbours
nothing."""

import io
import json
from typing import Any

import pytest

from app.gateway.imports.file_rows import FilePlace, FileRow, FileUnreadable
from app.gateway.imports.rows import columns, rows
from app.gateway.imports.text_lines import LONGEST
from domain.gateway.import_terms import FileEncoding, FileForm, FileFormat

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


def test_a_line_that_is_no_json_is_a_row() -> None:
    found = read(b'{"a":1}\nnot\n[1]\n{"a":2}', FileForm(format=FileFormat.NDJSON))
    assert [row.cells for row in found] == [{"a": 1}, None, None, {"a": 2}]
