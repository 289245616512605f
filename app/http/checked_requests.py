"""Requests of HTTP/1.1 as the server takes them: with a bound on headers, one good Host, and each that is whole
answered."""

import re
from collections.abc import Sequence
from typing import Any

from httptools import HttpParserError
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

_LARGEST_HEAD = 64 * 1024
"""How many bytes a request's line and headers may have, as HTTP/1.1 writes them with no needless space."""
_TOO_LARGE = "The headers are too large."


class CheckedRequests(HttpToolsProtocol):
    """uvicorn's own, with what is checked here."""

    # The server's own parameters, hence Any.
    def __init__(self, config: Config, server_state: ServerState, **more: Any) -> None:
        super().__init__(config, server_state, **more)
        self.has_begun = False
        """Whether a part of a request has come, and not all of it."""
        self.fault = ""
        """Why no more requests are taken."""
        self._rejected = ""
        self._head: int | None = 0
        """Bytes of the head that is being read, as far as its parts are known; None: there is none."""
        self._head_came, self._requests = 0, 0
        self._due = 0
        """Answers that are not complete."""

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        if self.fault:
            return
        requests = self._requests
        super().data_received(data)
        if self._head is not None:
            # Where it begins in data that another request ends is not known; its parts are counted as they come.
            self._head_came = self._head_came + len(data) if self._requests == requests else 0
            if self._head_came > _LARGEST_HEAD:
                self.send_400_response(_TOO_LARGE)

    def eof_received(self) -> bool:  # type: ignore[override]
        """See asyncio. Who has sent whole requests, and will send no more, is answered all the same."""
        cycle: RequestResponseCycle | None = self.cycle
        # TLS has no such half, and a stream that has begun is for somebody who stays.
        if cycle is None or self.scheme == "https" or not self._due or self.has_begun:
            return False
        if not self.pipeline and cycle.response_started and cycle.chunked_encoding:
            return False
        cycle.keep_alive = False
        return True

    def on_message_begin(self) -> None:
        """See httptools."""
        self._head, self._head_came, self.has_begun = 0, 0, True
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """See httptools."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """See httptools."""
        self._count(len(name) + len(value) + len(": \r\n"))
        super().on_header(name, value)

    def _count(self, bytes_: int) -> None:
        """Add to the size of the head. Raises HttpParserError when it is too large."""
        # Between requests, and in trailers, there is none.
        if self._head is not None:
            self._head += bytes_
            if self._head > _LARGEST_HEAD:
                self._reject(_TOO_LARGE)

    def _reject(self, fault: str) -> None:
        """Raise HttpParserError, of which the client is told this."""
        self._rejected = fault
        raise HttpParserError(fault)

    def on_headers_complete(self) -> None:
        """See httptools."""
        assert self.parser is not None, "It calls this."
        self._count(len(self.parser.get_method()) + len("  HTTP/1.1\r\n\r\n"))
        if fault := _host_fault(self.headers, self.parser.get_http_version()):
            self._reject(fault)
        before: RequestResponseCycle | None = self.cycle
        super().on_headers_complete()
        self._head = None
        self._due += self.cycle is not before

    def send_400_response(self, msg: str) -> None:
        """See uvicorn. Requests that came whole before the bad one are answered first."""
        if self.fault:
            return
        self.fault = self._rejected or msg
        # The headers of a request whose body is bad have been accepted already.
        if self._head is None and self.has_begun and self._due:
            if self.pipeline:
                self.pipeline.popleft()
                self._due -= 1
            elif self.cycle.response_started:
                self.cycle.keep_alive = False
            else:
                self._due -= 1
        if not self._due:
            self._refuse()

    def _refuse(self) -> None:
        """Say what is wrong, and close."""
        text, status = self.fault.encode(), 431 if self.fault == _TOO_LARGE else 400
        head = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[status] + head % len(text) + text)
        self.transport.close()

    def on_message_complete(self) -> None:
        """See httptools."""
        super().on_message_complete()
        self.has_begun = False
        self._requests += 1

    def on_response_complete(self) -> None:
        """See uvicorn."""
        super().on_response_complete()
        self._due -= 1
        if self.fault and not self._due and not self.transport.is_closing():
            self._refuse()


_HOST = re.compile(rb"(?:\[[0-9A-Za-z:.%]+\]|[\w.~!$&'()*+,;=%-]*)(?::[0-9]*)?")


def _host_fault(headers: Sequence[tuple[bytes, bytes]], version: str) -> str:
    """What is wrong with how a request says whom it is to, by RFC 9112; nothing when all is well."""
    hosts = [value for name, value in headers if name == b"host"]
    if not hosts and version != "1.0":
        return "The header Host is missing."
    if len(hosts) > 1:
        return "There is more than one header Host."
    return "" if all(_HOST.fullmatch(host) for host in hosts) else "The header Host names no host."
