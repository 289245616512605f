"""Mail as files."""

import asyncio
import logging
import re
import stat
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from itertools import count
from pathlib import Path
from uuid import UUID

import pytest

from app.mail.factory import create_mailer
from app.mail.folder import FolderMailer
from app.mail.message import Sender
from app.settings import Settings, SettingsError
from domain.kit.clock import SystemClock
from domain.kit.mail import Mail, RecipientRefused

KEY = UUID(int=7)
MAIL = Mail(to="ann@example.org", subject="Hello", text="Hello, Ann\n")


@pytest.fixture
def mailer(tmp_path: Path) -> FolderMailer:
    return FolderMailer(tmp_path / "mail", Sender("no-reply@example.com"), SystemClock())


async def test_a_message_is_a_file_that_mail_programs_open(mailer: FolderMailer, tmp_path: Path) -> None:
    await mailer.send(MAIL, key=KEY)
    [file] = (tmp_path / "mail").iterdir()
    assert re.fullmatch(rf"\d{{8}}T\d{{6}}Z-hello-{KEY}\.eml", file.name)
    message = message_from_bytes(file.read_bytes(), policy=default)
    assert (message["to"], message["subject"]) == ("ann@example.org", "Hello")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


async def test_a_link_can_be_copied_out_of_the_file(mailer: FolderMailer, tmp_path: Path) -> None:
    link = f"https://example.org/verify-email?token={'x' * 200}"
    await mailer.send(Mail(to="ann@example.org", subject="Hello", text=f"Grüße!\n\n{link}\n"), key=KEY)
    [file] = (tmp_path / "mail").iterdir()
    assert link in file.read_text().splitlines()
    assert link in message_from_bytes(file.read_bytes(), policy=default).get_content()


async def test_files_sort_by_their_time(tmp_path: Path) -> None:
    clock = TickingClock()
    mailer = FolderMailer(tmp_path / "mail", Sender("no-reply@example.com"), clock)
    for key in range(9, 0, -1):
        await mailer.send(MAIL, key=UUID(int=key))
    names = sorted(file.name for file in (tmp_path / "mail").iterdir())
    assert [name[-5] for name in names] == list("987654321")


class TickingClock:
    """Each look is a second later."""

    def __init__(self) -> None:
        self._looks = count()

    def now(self) -> datetime:
        """A later time."""
        return datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=next(self._looks))


async def test_the_same_message_is_the_same_file(mailer: FolderMailer, tmp_path: Path) -> None:
    await asyncio.gather(*(mailer.send(MAIL, key=KEY) for _ in range(5)))
    [file] = (tmp_path / "mail").iterdir()
    before = file.read_bytes()
    await mailer.send(MAIL, key=KEY)
    assert file.read_bytes() == before


async def test_refuses_what_is_not_an_address(mailer: FolderMailer) -> None:
    with pytest.raises(RecipientRefused):
        await mailer.send(Mail(to="ann", subject="", text=""), key=KEY)


async def test_the_log_names_the_file_and_nobody(
    mailer: FolderMailer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await mailer.send(MAIL, key=KEY)
    assert f"{KEY}.eml" in caplog.text
    assert "ann" not in caplog.text


def test_without_a_server_mail_goes_to_files(tmp_path: Path) -> None:
    assert isinstance(create_mailer(Settings(data_dir=tmp_path)), FolderMailer)


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        (Settings(mail_from="nobody"), "HEADWATER_MAIL_FROM"),
        (Settings(mail_from="a@example.org\nBcc: b@example.org"), "HEADWATER_MAIL_FROM"),
        (Settings(smtp_url="smtp://host?starttls=maybe"), "HEADWATER_SMTP_URL"),
        (Settings(smtp_url="smtps://host?ca=/absent.pem"), "HEADWATER_SMTP_URL"),
    ],
)
def test_settings_that_cannot_be_used_are_named(settings: Settings, variable: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        create_mailer(settings)
