"""Mail over SMTP, against a real server on the loopback."""

from email.message import EmailMessage
from pathlib import Path
from ssl import SSLCertVerificationError
from typing import cast
from uuid import UUID

import pytest
from aiosmtpd.smtp import LoginPassword
from aiosmtplib import SMTPConnectError, SMTPException

from app.mail.message import Sender
from app.mail.smtp import MailNotTaken, SmtpAddressError, SmtpMailer, SmtpServer
from domain.kit.clock import SystemClock
from domain.kit.mail import Mail, RecipientRefused
from tests.mail.server import Certificate, Inbox, free_port, mail_server, text_of

KEY = UUID(int=7)
MAIL = Mail(to="ann@example.org", subject="Grüße", text="Schöne Grüße,\nHeadwater\n")


def mailer(url: str) -> SmtpMailer:
    sender = Sender("Headwater <no-reply@example.com>")
    return SmtpMailer(SmtpServer.of(url), sender, SystemClock(), timeout=5)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(tmp_path_factory.mktemp("certificate"))


async def test_a_message_arrives_as_it_was_written() -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        await mailer(f"smtp://127.0.0.1:{port}").send(MAIL, key=KEY)
    [message] = inbox.messages
    assert inbox.recipients == [["ann@example.org"]]
    assert message["from"] == "Headwater <no-reply@example.com>"
    assert message["to"] == "ann@example.org"
    assert message["subject"] == "Grüße"
    assert message["message-id"] == f"<{KEY.hex}@example.com>"
    assert message["date"].datetime is not None
    assert text_of(message) == MAIL.text


async def test_html_stands_beside_the_text() -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        mail = Mail(to=MAIL.to, subject="Hello", text="Hello\n", html="<p>Hello</p>\n")
        await mailer(f"smtp://127.0.0.1:{port}").send(mail, key=KEY)
    [message] = inbox.messages
    parts = [cast(EmailMessage, part) for part in message.iter_parts()]
    found = {part.get_content_type(): text_of(part) for part in parts}
    assert found == {"text/plain": "Hello\n", "text/html": "<p>Hello</p>\n"}


async def test_starttls_encrypts_before_anything_is_said(certificate: Certificate) -> None:
    inbox, login = Inbox(), LoginPassword(b"headwater", b"se:cret/")
    async with mail_server(inbox, tls=certificate.context, login=login) as port:
        url = f"smtp://headwater:se%3Acret%2F@localhost:{port}?starttls=required&ca={certificate.file}"
        await mailer(url).send(MAIL, key=KEY)
    assert inbox.tls == [True]


async def test_smtps_is_encrypted_from_the_first_byte(certificate: Certificate) -> None:
    inbox = Inbox()
    async with mail_server(inbox, tls=certificate.context, implicit=True) as port:
        await mailer(f"smtps://localhost:{port}?ca={certificate.file}").send(MAIL, key=KEY)
    assert inbox.ids == [f"<{KEY.hex}@example.com>"]


async def test_a_server_that_offers_no_starttls_is_given_nothing() -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        with pytest.raises(SMTPException):
            await mailer(f"smtp://127.0.0.1:{port}?starttls=required").send(MAIL, key=KEY)
    assert inbox.messages == []


async def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Certificate) -> None:
    inbox = Inbox()
    async with mail_server(inbox, tls=certificate.context) as port:
        with pytest.raises(SSLCertVerificationError):
            await mailer(f"smtp://localhost:{port}?starttls=required").send(MAIL, key=KEY)
    assert inbox.messages == []


async def test_a_wrong_password_may_be_put_right(certificate: Certificate) -> None:
    inbox = Inbox()
    async with mail_server(inbox, tls=certificate.context, login=LoginPassword(b"a", b"b")) as port:
        with pytest.raises(MailNotTaken):
            await mailer(f"smtp://a:c@localhost:{port}?starttls=required&ca={certificate.file}").send(
                MAIL, key=KEY
            )
    assert inbox.messages == []


async def test_an_address_refused_for_good_is_told_from_one_refused_for_now() -> None:
    inbox = Inbox(refuses={"gone@example.org": "550 gone@example.org", "full@example.org": "452 full"})
    async with mail_server(inbox) as port:
        sending = mailer(f"smtp://127.0.0.1:{port}")
        with pytest.raises(RecipientRefused, match=r"^the server answered 550$"):
            await sending.send(Mail(to="gone@example.org", subject="", text=""), key=KEY)
        with pytest.raises(MailNotTaken, match=r"^The server answered 452\.$"):
            await sending.send(Mail(to="full@example.org", subject="", text=""), key=KEY)
    assert inbox.messages == []


async def test_a_message_that_was_taken_before_the_server_died_has_the_same_id_when_it_comes_again() -> None:
    inbox = Inbox(breaks_off=1)
    async with mail_server(inbox) as port:
        sending = mailer(f"smtp://127.0.0.1:{port}")
        with pytest.raises((OSError, SMTPException)):
            await sending.send(MAIL, key=KEY)
        await sending.send(MAIL, key=KEY)
    assert inbox.ids == [f"<{KEY.hex}@example.com>"] * 2


async def test_a_server_that_is_down_may_come_back() -> None:
    inbox, port = Inbox(), free_port()
    sending = mailer(f"smtp://127.0.0.1:{port}")
    with pytest.raises(SMTPConnectError):
        await sending.send(MAIL, key=KEY)
    async with mail_server(inbox, port=port):
        await sending.send(MAIL, key=KEY)
    assert len(inbox.messages) == 1


@pytest.mark.parametrize(
    "address",
    [
        "ann@example.org, bob@example.org",
        "ann@example.org\r\nBcc: bob@example.org",
        "Ann <ann@example.org>",
        "ann@example.org\n",
        "ann",
        "",
        "@example.org",
        "ann@",
        "änn@example.org",
    ],
)
async def test_refuses_what_is_not_one_address(address: str) -> None:
    with pytest.raises(RecipientRefused) as refused:
        await mailer(f"smtp://127.0.0.1:{free_port()}").send(Mail(to=address, subject="", text=""), key=KEY)
    assert "ann@" not in str(refused.value)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\x00", "\x85"])
async def test_a_subject_cannot_begin_another_header(end: str) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        mail = Mail(to=MAIL.to, subject=f"Hi{end}Bcc: bob@example.org", text="x\n")
        await mailer(f"smtp://127.0.0.1:{port}").send(mail, key=KEY)
    [message] = inbox.messages
    assert message["subject"] == "Hi Bcc: bob@example.org"
    assert message["bcc"] is None
    assert inbox.recipients == [["ann@example.org"]]


async def test_a_line_of_the_text_with_a_single_dot_ends_nothing() -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        text = "one\n.\nMAIL FROM:<x@example.org>\n..two\n"
        await mailer(f"smtp://127.0.0.1:{port}").send(Mail(to=MAIL.to, subject="s", text=text), key=KEY)
    [message] = inbox.messages
    assert text_of(message) == text


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost",
        "smtp://",
        "smtp://host:port",
        "smtp://host:99999",
        "smtp://host?starttls=maybe",
        "smtp://host?verify=no",
        "smtp://name:password@host?starttls=never",
    ],
)
def test_refuses_an_address_of_a_server_that_cannot_be_used(url: str) -> None:
    with pytest.raises(SmtpAddressError) as refused:
        SmtpServer.of(url)
    assert "password" not in str(refused.value).replace("a password is", "")


def test_another_machine_is_spoken_to_in_secret_unless_told_otherwise() -> None:
    assert SmtpServer.of("smtp://mail.example.com").starttls
    assert not SmtpServer.of("smtp://mail.example.com?starttls=never").starttls
    assert not SmtpServer.of("smtp://127.0.0.1").starttls
    assert SmtpServer.of("smtps://mail.example.com").port == 465


def test_a_mail_shows_nothing_of_itself() -> None:
    assert repr(MAIL) == "Mail(...)"


def test_a_missing_ca_is_found_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        mailer(f"smtps://localhost?ca={tmp_path / 'absent.pem'}")
