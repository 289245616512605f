"""Files: mail that was written to a folder, exports, and the logs of the servers, looked through for a person."""

import asyncio
from collections.abc import Iterator
from email.parser import HeaderParser
from email.policy import default
from pathlib import Path
from typing import ClassVar

from app.mail.folder import TENANT
from app.privacy.search.traces import Looked, SearchedPerson, TracePlace


class Folders:
    """`app.privacy.search.traces.SearchableStore` for what lies in the data folder beside the servers' own data.

    Another folder than this machine's cannot be looked at from here: where workers share none, there are neither
    mails nor server logs in it.
    """

    store: ClassVar[str] = "files"

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir
        self._mail, self._exports, self._logs = data_dir / "mail", data_dir / "exports", data_dir / "logs"

    async def look(self, wanted: SearchedPerson) -> Looked:
        return await asyncio.to_thread(self._look, wanted)

    async def sweep(self, wanted: SearchedPerson) -> int:
        """Remove mail to the person and exports of them, and strikes them from the logs."""
        return await asyncio.to_thread(self._sweep, wanted)

    def _look(self, wanted: SearchedPerson) -> Looked:
        looked = Looked(self.store)
        for path in self._files(wanted):
            if (text := _read(path)) is not None and self._concerns(path, text, wanted):
                looked.read(wanted, TracePlace(self.store, str(path.relative_to(self._root))), text)
        return looked

    def _sweep(self, wanted: SearchedPerson) -> int:
        swept = 0
        for path in self._files(wanted):
            text = _read(path)
            if text is None or not self._concerns(path, text, wanted):
                continue
            if path.is_relative_to(self._logs):
                swept += _strike(path, wanted)
            elif wanted.tells(text) or wanted.sealed_in(text):
                path.unlink(missing_ok=True)
                swept += 1
        return swept

    def _concerns(self, path: Path, text: str, wanted: SearchedPerson) -> bool:
        """Whether a file is the tenant's to look at: of mails those that it has written, to this person."""
        if not path.is_relative_to(self._mail):
            return True
        headers = HeaderParser(policy=default).parsestr(text)
        to = headers["To"].addresses if headers["To"] else ()
        return headers[TENANT] == str(wanted.tenant_id) and any(
            wanted.tells(address.addr_spec) for address in to
        )

    def _files(self, wanted: SearchedPerson) -> Iterator[Path]:
        for folder in (self._mail, self._exports / str(wanted.tenant_id), self._logs):
            if folder.is_dir():
                yield from (path for path in sorted(folder.rglob("*")) if path.is_file())


def _read(path: Path) -> str | None:
    """A file as text, None when it is gone. What is no text may still hold some, so nothing is an error."""
    try:
        return path.read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return None


def _strike(path: Path, wanted: SearchedPerson) -> bool:
    """Overwrite addresses in place with as many stars: a server that has the file open goes on writing to it."""
    if wanted.telling is None:
        return False
    content = path.read_bytes()
    # One letter for each byte, so that places in the text are places in the file; addresses are ASCII.
    found = list(wanted.telling.finditer(content.decode("latin-1")))
    with path.open("r+b") as file:
        for match in found:
            file.seek(match.start())
            file.write(b"*" * (match.end() - match.start()))
    return bool(found)
