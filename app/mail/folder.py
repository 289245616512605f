"""Mail as files, for trying the product: each message is an .eml file that mail programs open."""

import asyncio
import logging
import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from uuid import UUID

from app.mail.message import Sender
from domain.kit.clock import Clock
from domain.kit.mail import Mail

TENANT = "X-Headwater-Tenant"
"""The header of a file that says for which tenant the mail was written."""

_logger = logging.getLogger(__name__)


class FolderMailer:
    """`domain.kit.mail.Mailer`: writes ``<key>.eml``, readable by this account alone, whole or not at all."""

    def __init__(self, folder: Path, sender: Sender, clock: Clock) -> None:
        self._folder = folder
        self._sender = sender
        self._clock = clock

    async def send(self, mail: Mail, *, key: UUID) -> None:
        """See the port. A message that is there already is left as it is."""
        message = self._sender.message(mail, key=key, now=self._clock.now(), encoding="8bit")
        if mail.tenant_id is not None:
            # An erasure in a tenant removes that tenant's mails, and no other's to the same address.
            message = f"{TENANT}: {mail.tenant_id}\r\n".encode() + message
        await asyncio.to_thread(self._write, f"{key}.eml", message)
        _logger.info("A mail was written to %s.", self._folder / f"{key}.eml")

    def _write(self, name: str, message: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / name
        if path.exists():
            return
        # Of its own name, because two tries of the same message may overlap; readable by this account alone.
        with NamedTemporaryFile(dir=self._folder, prefix=".", delete=False) as draft:
            draft.write(message)
            draft.flush()
            os.fsync(draft.fileno())
        Path(draft.name).replace(path)
