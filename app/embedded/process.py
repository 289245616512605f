"""A server as a child process: started on a leash, watched, stopped by pid, its log in a file."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

_LEASH = Path(__file__).with_name("leash.py")
_MB = 1024 * 1024
_LOG_LIMIT = 16 * _MB
_NEW_MB, _GOING_ON_MB = 200, 50

_SIGNS = {
    "No space left on device": "stopped because the disk is full",
    "Address already in use": "cannot start because its port or socket is taken",
    "incompatible with server": "cannot read its data folder, which another version wrote",
    "Can't handle RDB format": "cannot read its data folder, which a newer version wrote",
    "cannot downgrade a node": "cannot read its data folder, which a newer version wrote",
}


class EmbeddedError(Exception):
    """A server cannot run here; the message is one sentence for the person who started it."""


class ChildProcess:
    """One running child in a session of its own, so that a terminal's Ctrl-C reaches only the parent.

    It must be made in a thread that lives as long as the child may (the main thread): the kernel ties
    the parent-death signal to the forking thread. ``keep`` are file descriptors the child inherits.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        identity: str = "own",
        stop_signal: signal.Signals = signal.SIGTERM,
        orphan_signal: signal.Signals | None = None,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        keep: Sequence[int] = (),
        secrets: bool = False,
    ) -> None:
        """``orphan_signal`` ends the child when we have gone, ``stop_signal`` unless told otherwise.

        ``secrets``: the child is one of ours, and inherits the whole environment with what is secret in it.
        """
        self.name = name
        self.log = log
        self._stop_signal = stop_signal
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log_start = 0
        self.shorten_log()
        with log.open("ab") as out:
            self._log_start = out.tell()
            self._child = subprocess.Popen(
                leashed(command, orphan_signal=orphan_signal or stop_signal, identity=identity, keep=keep),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=folder,
                env={**(os.environ if secrets else harmless()), **(environment or {})},
                start_new_session=True,
                pass_fds=tuple(keep),
            )

    @property
    def pid(self) -> int:
        """The child's process id; it stays the server's own, because the leash execs."""
        return self._child.pid

    def exit_code(self) -> int | None:
        """What the child ended with (negative: a signal), or None while it runs."""
        return self._child.poll()

    def output(self) -> str:
        """The last 16 KiB of what this child wrote to its log."""
        with self.log.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(min(self._log_start, end), end - 16384))
            return file.read().decode(errors="replace")

    def shorten_log(self) -> None:
        """Set a log aside that has grown too long, in place of the one set aside before.

        The child appends, so it goes on in the emptied file and needs to know nothing of it. Lines that it writes
        between the copy and the emptying are lost, a few in 16 MB.
        """
        if not self.log.exists() or self.log.stat().st_size <= _LOG_LIMIT:
            return
        former = self.log.with_suffix(".old.log")
        try:
            shutil.copyfile(self.log, former)
        except OSError:
            # The disk is full, and the newest log is worth more than this one.
            former.unlink(missing_ok=True)
        os.truncate(self.log, 0)
        self._log_start = 0

    async def until(self, condition: Callable[[], Awaitable[bool]], *, seconds: float) -> None:
        """Wait until ``condition`` holds; raise EmbeddedError when the child ends or time is up."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not await condition():
            if self.exit_code() is not None:
                raise EmbeddedError(explain(self.name, self.output(), self.log))
            if loop.time() > deadline:
                raise EmbeddedError(f"{self.name} did not answer within {seconds:.0f} s; see {self.log}.")
            await asyncio.sleep(0.02)

    async def ended(self) -> int:
        """Wait for the child to end by itself and return its exit code."""
        # Polled, because a pid can be waited for without a thread in no way that every kernel has.
        while (code := self.exit_code()) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        return code

    async def stop(self, *, seconds: float = 20) -> None:
        """Ask the child to stop, and kill it when it has not after ``seconds``."""
        if self.exit_code() is not None:
            return
        self._child.send_signal(self._stop_signal)
        try:
            async with asyncio.timeout(seconds):
                await self.ended()
        except TimeoutError:
            self._child.kill()
            await self.ended()

    def kill(self) -> None:
        """End the child at once (SIGKILL) and reap it."""
        self._child.kill()
        self._child.wait()


_HARMLESS = {
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TMPDIR",
    "LANG",
    "LANGUAGE",
    "TZ",
    "LD_LIBRARY_PATH",
}
"""What a server may know of the environment; everything else may hold secrets, of ours or of others."""


def harmless() -> dict[str, str]:
    """The part of this process's environment that holds no secrets."""
    return {name: value for name, value in os.environ.items() if name in _HARMLESS or name[:3] == "LC_"}


def leashed(
    command: Sequence[str | Path], *, orphan_signal: signal.Signals, identity: str, keep: Sequence[int] = ()
) -> list[str]:
    """The command line that runs ``command`` on a leash held by this process.

    The kernel sends ``orphan_signal`` when this process has gone. A program of ours gets SIGKILL: nobody is left
    who would kill it when it hangs while it stops, and all that matters is on record. Of open files it keeps the
    standard ones and ``keep``.
    """
    kept = ",".join(map(str, keep))
    leash = [sys.executable, "-I", "-S", _LEASH, os.getpid(), int(orphan_signal), identity, kept]
    return [*map(str, leash), *map(str, command)]


def require_space(folder: Path, *, new: bool) -> None:
    """Refuse to start on a disk that is as good as full: servers damage nothing, but stop badly.

    What is new needs 200 MB, for that much is written at once; what is there goes on as long as there are 50 MB.
    """
    needed = _NEW_MB if new else _GOING_ON_MB
    # The folder may be still to be made.
    there = next(directory for directory in (folder, *folder.absolute().parents) if directory.exists())
    free = shutil.disk_usage(there).free // _MB
    if free < needed:
        raise EmbeddedError(
            f"The disk that holds {folder} is full: {free} MB are free, and at least {needed} MB must be."
        )


def explain(name: str, output: str, log: Path) -> str:
    """One sentence on why ``name`` ended, from what it wrote last."""
    for sign, reason in _SIGNS.items():
        if sign.lower() in output.lower():
            return f"{name} {reason}; see {log}."
    last = next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "nothing")
    return f"{name} stopped unexpectedly; its last words were: {last[:300]} (see {log})."
