"""How mail leaves: over SMTP, or into a folder for those who try the product."""

import logging
from pathlib import Path

from app.mail.bulk import BulkMailer, FolderBulkMailer, SmtpBulkMailer
from app.mail.folder import FolderMailer, MailFolder
from app.mail.message import Sender
from app.mail.smtp import SmtpAddressError, SmtpMailer, SmtpServer
from app.settings import Settings, SettingsError
from domain.kit.clock import Clock, SystemClock
from domain.kit.mail import Mailer

__all__ = ["create_bulk_mailer", "create_mailer"]

_logger = logging.getLogger(__name__)


def create_mailer(settings: Settings, clock: Clock | None = None) -> Mailer:
    """The mailer that the settings ask for. Raises SettingsError for what cannot be used."""
    clock = clock or SystemClock()
    try:
        sender = Sender(settings.mail_from)
    except ValueError as error:
        raise SettingsError(
            "HEADWATER_MAIL_FROM must be an address, such as no-reply@example.com."
        ) from error
    if settings.smtp_url:
        try:
            return SmtpMailer(SmtpServer.of(settings.smtp_url), sender, clock)
        except SmtpAddressError as error:
            raise SettingsError(f"HEADWATER_SMTP_URL cannot be used: {error}.") from None
        except OSError as error:
            raise SettingsError("The ca in HEADWATER_SMTP_URL cannot be read.") from error
    folder = _folder(settings)
    level = logging.WARNING if settings.environment == "production" else logging.INFO
    _logger.log(level, "HEADWATER_SMTP_URL is not set: mail is written to %s and sent to nobody.", folder)
    return FolderMailer(folder, sender, clock)


def create_bulk_mailer(settings: Settings, clock: Clock) -> BulkMailer:
    """What hands over the mails of campaigns, as the settings say. Raises SettingsError."""
    if not settings.smtp_url:
        return FolderBulkMailer(MailFolder(_folder(settings), clock))
    try:
        return SmtpBulkMailer(SmtpServer.of(settings.smtp_url))
    except SmtpAddressError as error:
        raise SettingsError(f"HEADWATER_SMTP_URL cannot be used: {error}.") from None
    except OSError as error:
        raise SettingsError("The ca in HEADWATER_SMTP_URL cannot be read.") from error


def _folder(settings: Settings) -> Path:
    return settings.data_dir / "mail"
