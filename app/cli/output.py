"""Where commands write to: a reader that has gone, as `head` goes, ends a command quietly.

What a command does with servers raises the same errors, and SIGPIPE would end it for these too; so they are told
apart where standard output itself is written.
"""

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from app.cli.answers import UNREACHABLE

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

NOBODY_READS = 141
"""The exit code of who is ended by SIGPIPE, 128 + 13, as shells tell it."""


class _Errors(io.FileIO):
    """Standard error. Nobody has to read it: who serves goes on without a reader of its log."""

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write, or from the first failure on drop what is written."""
        try:
            return super().write(data)
        except OSError as error:
            # Buffers are written out once more at the end, and others may hold the descriptor too.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            self.failed(error)
            return memoryview(data).nbytes

    def failed(self, error: OSError) -> None:
        """Do what follows."""


class _Output(_Errors):
    """Standard output."""

    def failed(self, error: OSError) -> None:
        """End the command; nobody takes this for a failure of what the command does."""
        if isinstance(error, BrokenPipeError):
            raise SystemExit(NOBODY_READS)
        print(f"headwater: standard output cannot be written: {error.strerror}.", file=sys.stderr)
        raise SystemExit(UNREACHABLE)


def watched() -> None:
    """Have standard output and standard error written in this way from now on."""
    if sys.stderr is not None:
        sys.stderr = _over(sys.stderr, _Errors)
    if sys.stdout is not None:
        sys.stdout = _over(sys.stdout, _Output)


def _over(stream: TextIO, kind: type[_Errors]) -> TextIO:
    assert isinstance(stream, io.TextIOWrapper), "the interpreter's own"
    return io.TextIOWrapper(
        io.BufferedWriter(kind(stream.fileno(), "wb", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
