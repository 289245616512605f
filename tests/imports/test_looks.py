"""Looks into files keep nobody waiting but those of the same tenant."""

import asyncio
import io
import threading
from datetime import UTC, datetime
from typing import BinaryIO
from uuid import uuid4

import pytest

from app.imports.file_rows import FileUnreadable
from app.imports.looks import Looks
from domain.kit.process.files import StoredFile
from tests.kit.processes import until

TENANT, OTHER = uuid4(), uuid4()


class Letters:
    """A file of ten letters."""

    stored = StoredFile(id=uuid4(), name="a", size=10, stored_at=datetime.now(UTC))

    def reader(self) -> BinaryIO:
        """Its bytes."""
        return io.BytesIO(b"abcdefghij")


async def test_a_tenant_looks_into_one_file_at_a_time_and_nobody_else_waits() -> None:
    looks, going, begun = Looks(), threading.Event(), list[int]()

    def slow(file: BinaryIO) -> bytes:
        begun.append(1)
        going.wait()
        return file.read(3)

    try:
        waiting = [asyncio.create_task(looks.of(TENANT, Letters(), slow)) for _ in range(40)]
        # One that nobody waits for any more goes on, and the next of that tenant after it.
        for each in waiting[:20]:
            await asyncio.sleep(0)
            each.cancel()
        assert await looks.of(OTHER, Letters(), lambda file: file.read()) == b"abcdefghij"
        assert await asyncio.to_thread(lambda: len(begun)) == 1
    finally:
        going.set()
    assert await asyncio.gather(*waiting[20:]) == [b"abc"] * 20


async def test_a_look_ends_when_it_has_had_its_time() -> None:
    def endless(file: BinaryIO) -> None:
        while True:
            file.seek(0)
            file.read(1)

    with pytest.raises(FileUnreadable, match="too long"):
        await Looks(seconds=0.05).of(TENANT, Letters(), endless)


async def test_a_look_that_has_not_begun_ends_with_who_asked_and_its_time_counts() -> None:
    looks, going, begun = Looks(seconds=0.2), threading.Event(), list[int]()

    def look(file: BinaryIO) -> bytes:
        begun.append(1)
        going.wait()
        return file.read(3)

    others = [asyncio.create_task(looks.of(uuid4(), Letters(), look)) for _ in range(2)]
    queued = [asyncio.create_task(looks.of(tenant, Letters(), look)) for tenant in (TENANT, OTHER)]
    try:
        await asyncio.sleep(0.3)
        queued[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await queued[0]
    finally:
        going.set()
    found = await asyncio.gather(*others, queued[1], return_exceptions=True)
    assert [type(each) for each in found] == [FileUnreadable] * 3
    assert len(begun) == 3
    # The tenant whose look was not begun has its turn.
    assert await looks.of(TENANT, Letters(), look) == b"abc"


async def test_no_look_begins_at_the_end() -> None:
    looks, going, begun = Looks(), threading.Event(), list[int]()

    def look(_: BinaryIO) -> None:
        begun.append(1)
        going.wait()

    asked = [asyncio.create_task(looks.of(uuid4(), Letters(), look)) for _ in range(10)]
    try:
        await until(lambda: len(begun) == 2)
        looks.close()
    finally:
        going.set()
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each) for each in found] == [type(None)] * 2 + [asyncio.CancelledError] * 8
    assert len(begun) == 2
