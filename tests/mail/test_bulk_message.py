"""Mails of campaigns: the raw bytes, as servers and inboxes read them."""

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from uuid import UUID

import pytest

from app.mail.bulk_message import BulkMail, bulk_message
from domain.kit.mail import RecipientRefused
from domain.kit.scenario import NOON

KEY = UUID(int=7)
LONG = "https://mail.example.com/unsubscribe/" + "x" * 400
MAIL = BulkMail(
    from_name="Müller & Söhne, Wien",
    from_address="news@shop.example",
    to="zoe@example.com",
    subject="Größer als je zuvor: " + "die schönsten Töpfe und Tassen " * 5,
    text="Grüße\nAlles = billig\n.\nFrom here on\n" + "lang " * 300,
    html="<p>Grüße</p>\n<p>" + "ä" * 2_000 + "</p>",
    unsubscribe_url=LONG,
    feedback_id="campaign:tenant:headwater",
)


def _read(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_unsubscribing_takes_one_click_whatever_the_length_of_its_address() -> None:
    raw = bulk_message(MAIL, key=KEY, now=NOON)
    head = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert f"List-Unsubscribe: <{LONG}>".encode() in head
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in head
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert f"X-SES-MESSAGE-TAGS: headwater_message={KEY}".encode() in head
    trial = bulk_message(replace(MAIL, unsubscribe_url="http://localhost/unsubscribe"), key=KEY, now=NOON)
    assert b"\r\nList-Unsubscribe: <http://localhost/unsubscribe>\r\n" in trial
    assert b"One-Click" not in trial
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_is_read_as_it_was_meant() -> None:
    message = _read(bulk_message(MAIL, key=KEY, now=NOON))
    sender = message["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == (MAIL.from_name, MAIL.from_address)
    assert (message["To"], message["Subject"]) == (MAIL.to, MAIL.subject.strip())
    assert message["Message-ID"] == f"<{KEY.hex}@shop.example>"
    assert message["Feedback-ID"] == MAIL.feedback_id
    assert message.get_content_type() == "multipart/alternative"
    text, html = (part.get_content() for part in message.iter_parts() if isinstance(part, EmailMessage))
    assert (text.splitlines(), html.splitlines()) == (MAIL.text.splitlines(), MAIL.html.splitlines())


def test_no_text_begins_another_header() -> None:
    sly = "x\r\nBcc: eve@example.com"
    message = _read(
        bulk_message(replace(MAIL, subject=sly, from_name=sly, feedback_id=sly), key=KEY, now=NOON)
    )
    assert message["Bcc"] is None
    assert message["Subject"] == "x Bcc: eve@example.com"
    with pytest.raises(RecipientRefused):
        bulk_message(replace(MAIL, to=sly), key=KEY, now=NOON)
    for url in (
        "https://x.example/\r\nBcc: e",
        "https://x.example/ü",
        "mailto:x@x.example",
        LONG * 3,
        "https://a> <b",
    ):
        with pytest.raises(ValueError, match="no address to unsubscribe"):
            bulk_message(replace(MAIL, unsubscribe_url=url), key=KEY, now=NOON)
