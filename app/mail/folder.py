"""Mail as files, for trying the product: each message is an .eml file that mail programs open."""

import asyncio
import logging
import os
import re
from pathlib import Path
from tempfile import NamedTemporaryFile
from uuid import UUID

from app.mail.message import Sender
from domain.kit.clock import Clock
from domain.kit.mail import Mail

TENANT = "X-Headwater-Tenant"
"""The header of a file that says for which tenant the mail was written."""

_logger = logging.getLogger(__name__)
_NO_WORD = re.compile("[^a-z0-9]+")


class MailFolder:
    """A folder of mails: files for this account alone, each whole or not at all.

    A file is named by the time, so that they sort, by its subject, and by the message's key.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._writing = asyncio.Lock()

    async def write(self, message: bytes, *, subject: str, key: UUID) -> Path:
        """Write a message, or leave the one of this key as it is."""
        word = _NO_WORD.sub("-", subject.lower()).strip("-")[:40] or "mail"
        name = f"{self._clock.now():%Y%m%dT%H%M%SZ}-{word}-{key}.eml"
        # Two tries of the same message may overlap, at two times.
        async with self._writing:
            return await asyncio.to_thread(self._write, name, key, message)

    async def has(self, key: UUID) -> bool:
        """Whether the message of this key is there."""
        return await asyncio.to_thread(self._found, key) is not None

    def _found(self, key: UUID) -> Path | None:
        return next(self._folder.glob(f"*{key}.eml"), None)

    def _write(self, name: str, key: UUID, message: bytes) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (before := self._found(key)) is not None:
            return before
        path = self._folder / name
        # Whole or not at all, and readable by this account alone.
        with NamedTemporaryFile(dir=self._folder, prefix=".", delete=False) as draft:
            draft.write(message)
            draft.flush()
            os.fsync(draft.fileno())
        Path(draft.name).replace(path)
        return path


class FolderMailer:
    """`domain.kit.mail.Mailer` that writes into a folder."""

    def __init__(self, folder: Path, sender: Sender, clock: Clock) -> None:
        self._folder, self._sender, self._clock = MailFolder(folder, clock), sender, clock

    async def send(self, mail: Mail, *, key: UUID) -> None:
        """A message that is there already is left as it is."""
        message = self._sender.message(mail, key=key, now=self._clock.now(), encoding="8bit")
        written = await self._folder.write(of_tenant(message, mail.tenant_id), subject=mail.subject, key=key)
        _logger.info("A mail was written to %s.", written)


def of_tenant(message: bytes, tenant_id: UUID | None) -> bytes:
    """The message with the tenant for which it is: an erasure removes the mails of its own tenant, and no other's
    to the same address."""
    return message if tenant_id is None else f"{TENANT}: {tenant_id}\r\n".encode() + message
