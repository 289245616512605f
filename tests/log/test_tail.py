"""The newest events in memory: what is kept, what is answered, and how those who wait hear of more."""

import asyncio

import pytest

from projections.kit.follow.log_tail import LogTail


def _tail(*, most: int = 100, most_bytes: int = 1000, head: int = 0) -> LogTail[str]:
    tail: LogTail[str] = LogTail(len, most=most, most_bytes=most_bytes)
    tail.begin(head)
    return tail


def test_answers_what_follows_on_a_position() -> None:
    tail = _tail(head=7)
    tail.extend("abc")
    assert tail.head == 10
    assert tail.after(7, 2) == ["a", "b"]
    assert tail.after(9, 2) == ["c"]
    assert tail.after(10, 2) == []
    assert tail.after(6, 2) is None


def test_is_trimmed_by_half_when_it_holds_too_many() -> None:
    tail = _tail(most=4)
    tail.extend("abcd")
    assert len(tail) == 4
    tail.extend("e")
    assert (len(tail), tail.head) == (2, 5)
    assert tail.after(3, 9) == ["d", "e"]
    assert tail.after(2, 9) is None


def test_is_trimmed_by_half_when_it_is_too_large() -> None:
    tail = _tail(most_bytes=10)
    tail.extend(["aaaa", "bbb", "cc", "dd"])
    assert (len(tail), tail.head) == (2, 4)
    tail.extend(["far too large for it"])
    assert (len(tail), tail.head) == (0, 5)
    assert tail.after(4, 9) is None
    tail.extend(["e"])
    assert tail.after(5, 9) == ["e"]


@pytest.mark.parametrize("begun", [3, 30])
def test_begins_anew_where_the_log_is(begun: int) -> None:
    tail = _tail(head=7)
    tail.extend("abc")
    tail.begin(begun)
    assert (len(tail), tail.head) == (0, begun)


async def test_who_waits_hears_of_more() -> None:
    tail = _tail()
    waiting = [asyncio.create_task(tail.changed()) for _ in range(3)]
    await asyncio.sleep(0)
    tail.extend("a")
    await asyncio.gather(*waiting)


async def test_who_waits_fails_with_what_reading_failed_with() -> None:
    tail = _tail()
    waiting = asyncio.create_task(tail.changed())
    await asyncio.sleep(0)
    tail.fail(ConnectionError("gone"))
    for one in (waiting, tail.changed()):
        with pytest.raises(ConnectionError, match="gone"):
            await one
