"""Requests as they come over a connection: how large their heads may be, and that whole ones are answered."""

from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from app.settings import Settings
from tests.app.test_serve import ended, opened, served

LIVE = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.fixture(scope="module")
async def patient(settings: Settings) -> AsyncIterator[str]:
    """An API that waits a few seconds for whatever it waits for."""
    async with served(settings, request_seconds=5, answer_seconds=5) as url:
        yield url


@pytest.mark.parametrize("before", [b"", LIVE], ids=["first", "second"])
async def test_the_bound_of_headers_is_exact(patient: str, before: bytes) -> None:
    for size, status in ((64 * 1024, b"HTTP/1.1 200 "), (64 * 1024 + 1, b"HTTP/1.1 431 ")):
        head = LIVE[:-2] + b"connection: close\r\nx: "
        reader, writer = await opened(patient, before + head + b"y" * (size - len(head) - 4) + b"\r\n\r\n")
        with closing(writer):
            answers = (await ended(reader)).split(b"HTTP/1.1 ")[1:]
        assert b"HTTP/1.1 " + answers[-1][:4] == status
        assert len(answers) == 1 + bool(before)


BODY = b'{"query": "{ __typename }"}'
POST = (
    b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    % len(BODY)
)


async def test_who_closes_their_half_behind_a_whole_request_is_answered(patient: str) -> None:
    for sent, answers in ((POST + BODY, 1), (LIVE + POST + BODY, 2)):
        reader, writer = await opened(patient, sent)
        with closing(writer):
            writer.write_eof()
            heard = await ended(reader)
        assert heard.count(b"HTTP/1.1 ") == answers
        assert b'{"data"' in heard


async def test_who_closes_their_half_before_the_request_is_whole_is_not(patient: str) -> None:
    reader, writer = await opened(patient, POST + BODY[:-1])
    with closing(writer):
        writer.write_eof()
        assert await ended(reader) == b""


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        (b"NONSENSE\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nhost: x\r\nx: %s\r\n\r\n" % (b"y" * 70_000), b"431"),
        (b"POST /graphql HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nz\r\n", b"400"),
    ],
    ids=["no request", "no host", "headers too large", "a bad chunk"],
)
async def test_a_good_request_is_answered_before_the_bad_one_behind_it(
    patient: str, bad: bytes, status: bytes
) -> None:
    reader, writer = await opened(patient, POST + BODY + LIVE + bad)
    with closing(writer):
        answers = (await ended(reader)).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [answers[0][:3], b"200", status]
    assert b'{"data"' in answers[0]
