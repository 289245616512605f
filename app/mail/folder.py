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


class FolderMailer:
    """`domain.kit.mail.Mailer`: writes files for this account alone, each whole or not at all.

    A file is named by the time, so that they sort, by its subject, and by the message's key.
    """

    def __init__(self, folder: Path, sender: Sender, clock: Clock) -> None:
        self._folder = folder
        self._sender = sender
        self._clock = clock
        self._writing = asyncio.Lock()

    async def send(self, mail: Mail, *, key: UUID) -> None:
        """A message that is there already is left as it is."""
        now = self._clock.now()
        message = self._sender.message(mail, key=key, now=now, encoding="8bit")
        if mail.tenant_id is not None:
            # An erasure in a tenant removes that tenant's mails, and no other's to the same address.
            message = f"{TENANT}: {mail.tenant_id}\r\n".encode() + message
        subject = _NO_WORD.sub("-", mail.subject.lower()).strip("-")[:40] or "mail"
        name = f"{now:%Y%m%dT%H%M%SZ}-{subject}-{key}.eml"
        # Two tries of the same message may overlap, at two times.
        async with self._writing:
            written = await asyncio.to_thread(self._write, name, key, message)
        _logger.info("A mail was written to %s.", written)

    def _write(self, name: str, key: UUID, message: bytes) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (before := next(self._folder.glob(f"*{key}.eml"), None)) is not None:
            return before
        path = self._folder / name
        # Whole or not at all, and readable by this account alone.
        with NamedTemporaryFile(dir=self._folder, prefix=".", delete=False) as draft:
            draft.write(message)
            draft.flush()
            os.fsync(draft.fileno())
        Path(draft.name).replace(path)
        return path
