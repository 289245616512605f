"""Many mails, each with what became of it: the port for whoever sends to many, and its adapters."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from app.mail.folder import MailFolder, of_tenant
from app.mail.smtp import SmtpServer, connected

_PERMANENT = range(500, 600)
_LOST = (SMTPException, OSError, TimeoutError)
_NO_CONNECTION = "no_connection"
_AGAIN = 2.0
"""Seconds for which no connection is tried after one has failed: of many messages none waits for the same."""
_CONNECTIONS = 8
"""So many messages are handed over at the same time."""


class MailTaken(StrEnum):
    """What became of a message that was handed over."""

    TAKEN = "taken"
    REFUSED = "refused"
    """It will never be taken."""
    NOT_NOW = "not_now"
    """It was not taken, and may be at another time."""
    AWAY = "away"
    """The server takes nothing from this sender, or does not answer: that is about no recipient."""
    UNKNOWN = "unknown"
    """The server was lost before it answered."""


@dataclass(frozen=True, slots=True)
class MailAnswer:
    """The answer to a message."""

    taken: MailTaken
    code: str = ""
    """The server's code, as ``550``, or a word; never its words, which may quote the address."""


class BulkMailer(Protocol):
    """Hands over messages of many recipients."""

    async def hand_over(
        self, message: bytes, *, tenant_id: UUID, sender: str, to: str, key: UUID
    ) -> MailAnswer:
        """Hand one message over, from and to addresses in ASCII. ``key`` is its id, as in its header. What becomes
        of the message is never raised."""
        ...

    async def has(self, key: UUID) -> bool | None:
        """Whether the message of this id was taken; None where that cannot be known."""
        ...


class FolderBulkMailer:
    """Writes messages into the folder of mails, for trying the product."""

    def __init__(self, folder: MailFolder) -> None:
        self._folder = folder

    async def hand_over(
        self, message: bytes, *, tenant_id: UUID, sender: str, to: str, key: UUID
    ) -> MailAnswer:
        await self._folder.write(of_tenant(message, tenant_id), subject="campaign", key=key)
        return MailAnswer(MailTaken.TAKEN)

    async def has(self, key: UUID) -> bool | None:
        return await self._folder.has(key)


class SmtpBulkMailer:
    """Hands messages over by SMTP, on connections that are kept from one message to the next."""

    def __init__(self, server: SmtpServer, *, timeout: float = 10.0) -> None:
        """``timeout``: seconds for each answer of the server. Raises OSError when the CA's file cannot be read."""
        self._server, self._timeout, self._tls = server, timeout, server.tls()
        self._idle: list[SMTP] = []
        self._turn = asyncio.Semaphore(_CONNECTIONS)
        self._away_until = 0.0

    async def hand_over(
        self, message: bytes, *, tenant_id: UUID, sender: str, to: str, key: UUID
    ) -> MailAnswer:
        async with self._turn:
            loop = asyncio.get_running_loop()
            if loop.time() < self._away_until:
                return MailAnswer(MailTaken.AWAY, _NO_CONNECTION)
            try:
                client = await self._at_mail(sender)
            except SMTPResponseException as refused:
                return MailAnswer(MailTaken.AWAY, str(refused.code))
            except _LOST:
                self._away_until = loop.time() + _AGAIN
                return MailAnswer(MailTaken.AWAY, _NO_CONNECTION)
            try:
                answer = await _handed_over(client, message, to)
            except BaseException:
                client.close()
                raise
            if answer.taken is MailTaken.UNKNOWN:
                self._away_until = loop.time() + _AGAIN
            if answer.taken is MailTaken.TAKEN:
                self._idle.append(client)
            else:
                client.close()
            return answer

    async def has(self, key: UUID) -> bool | None:
        return None

    async def _at_mail(self, sender: str) -> SMTP:
        """A connection on which a message of the sender has begun; one that was kept may have ended meanwhile."""
        while self._idle:
            client = self._idle.pop()
            try:
                await client.mail(sender)
            except _LOST:
                client.close()
            else:
                return client
        client = await connected(self._server, self._tls, seconds=self._timeout)
        try:
            await client.mail(sender)
        except BaseException:
            client.close()
            raise
        return client


async def _handed_over(client: SMTP, message: bytes, to: str) -> MailAnswer:
    try:
        await client.rcpt(to)
    except SMTPResponseException as refused:
        return _answer(refused.code)
    except _LOST:
        return MailAnswer(MailTaken.NOT_NOW, "connection_lost")
    try:
        await client.data(message)
    except SMTPResponseException as refused:
        return _answer(refused.code)
    except _LOST:
        return MailAnswer(MailTaken.UNKNOWN, "connection_lost")
    return MailAnswer(MailTaken.TAKEN)


def _answer(code: int) -> MailAnswer:
    if not 400 <= code < 600:
        # No answer of a mail server: it may have taken the message.
        return MailAnswer(MailTaken.UNKNOWN, "no_answer")
    return MailAnswer(MailTaken.REFUSED if code in _PERMANENT else MailTaken.NOT_NOW, str(code))
