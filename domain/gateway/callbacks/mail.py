"""What callbacks tell of mail, whoever sends them."""

from domain.gateway.callbacks.mail_notices import MailItem
from domain.gateway.callbacks.notices import Json
from domain.gateway.callbacks.providers import CallbackProvider
from domain.gateway.callbacks.sendgrid_mail import items_of_sendgrid
from domain.gateway.callbacks.ses_mail import items_of_ses

_OTHER = "other"


def mail_in(provider: CallbackProvider, body: Json) -> list[MailItem]:
    """What a callback tells of mail, in its order. Raises ValueError with the end of a sentence for what cannot be
    read."""
    match provider:
        case CallbackProvider.SENDGRID:
            return items_of_sendgrid(body)
        case CallbackProvider.SES:
            return items_of_ses(body)
        case _:
            return []


def type_of(item: MailItem) -> str:
    """The type of the event that it becomes, as ``email.delivered``; ``email.other`` of a kind unknown here."""
    return f"email.{item.notice.outcome if item.notice else _OTHER}"
