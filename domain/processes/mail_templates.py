"""What the product's mails say."""

import re
from dataclasses import dataclass
from datetime import datetime

from domain.gateway.webhooks import WebhookStop
from domain.work.notifications import NotificationKind
from domain.work.tasks import TaskStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A secret link, and the token in it for those who type rather than click."""

    url: str
    token: str


def welcome(*, verified: bool) -> tuple[str, str]:
    """Subject and text for somebody who has opened an account, with an address that is ``verified`` or not yet."""
    then = (
        "You can sign in."
        if verified
        else "You can sign in. Another mail asks you to confirm this address: until then you can invite "
        "nobody, and get no mail about your work."
    )
    return "Welcome to Headwater", _letter(f"your account is open. {then}")


def registered_already() -> tuple[str, str]:
    """Subject and text for the owner of an account when somebody registers with that account's address."""
    return "You have an account already", _letter(
        "somebody, probably you, tried to open an account with this address. There is one already: sign in, or "
        "choose a new password if you have forgotten yours.",
        "If it was not you, you need do nothing.",
    )


def sign_ins_failed() -> tuple[str, str]:
    """Subject and text for the owner of an account for which many wrong passwords were tried."""
    return "Wrong passwords were tried", _letter(
        "somebody has tried to sign in to your account with several wrong passwords. They were not let in.",
        "If it was you and you have forgotten your password, choose a new one; that works at once. If it was not "
        "you, you need do nothing: where you are signed in you stay so. You are told of this once a day at most.",
    )


def factor_taken() -> tuple[str, str]:
    """Subject and text for the owner of an account whose second factor an operator has taken away."""
    return "Your second factor was removed", _letter(
        "those who run Headwater here have removed the second factor of your account, as somebody had asked who "
        "they took for you. You sign in by your password alone until you set up another one.",
        "If it was not you who asked, choose a new password and tell them.",
    )


def webhook_switched_off(name: str, host: str, reason: WebhookStop) -> tuple[str, str]:
    """Subject and text for an admin of a company one of whose webhooks was switched off."""
    host = _unlinked(host)
    why = {
        WebhookStop.GONE: f"{host} answered that it is gone for ever (410).",
        WebhookStop.FAILING: f"nothing has arrived at {host} for five days.",
        WebhookStop.UNAUTHORIZED: "whoever vouched for it may have no webhooks any more.",
        WebhookStop.BACKLOG: f"more waits to be sent to {host} than is kept for it.",
        WebhookStop.MANUAL: "somebody has switched it off.",
    }[reason]
    return "A webhook was switched off", _letter(
        f"the webhook “{_unlinked(name)}” was switched off: {why}",
        "What happens from now on is not sent there. Once it is switched on again, it can be replayed.",
    )


def password_changed() -> tuple[str, str]:
    """Subject and text for the owner of an account whose password is another one from now on."""
    return "Your password was changed", _letter(
        "the password of your account was changed, and whoever was signed in elsewhere is signed out.",
        "If it was not you, say at once that you have forgotten your password, and choose another one: that ends "
        "every session.",
    )


def verification(link: Link, expires_at: datetime) -> tuple[str, str]:
    """Subject and text for somebody who is to confirm an address."""
    return "Confirm your e-mail address", _letter(
        "please confirm that this address is yours:",
        *_linked(link, expires_at),
        "If you have not opened an account, you need do nothing.",
    )


def password_reset(link: Link, expires_at: datetime) -> tuple[str, str]:
    """Subject and text for somebody who has forgotten a password."""
    return "Choose a new password", _letter(
        "somebody, probably you, asked to choose a new password for your account:",
        *_linked(link, expires_at),
        "The link works once, and signs you out everywhere. If you did not ask for it, you need do nothing: your "
        "password stays as it is.",
    )


def invitation(link: Link, expires_at: datetime, tenant: str) -> tuple[str, str]:
    """Subject and text for somebody who is invited to a tenant of this name.

    Whoever makes a tenant chooses its name, and can have it mailed to strangers: it does not stand in the subject,
    and is cut and broken up so that nothing in it is a link.
    """
    return "You are invited to join a company on Headwater", _letter(
        f"you are invited to join a company on Headwater, which calls itself “{_unlinked(tenant)}”:",
        *_linked(link, expires_at),
        "If you do not know why, you need do nothing.",
    )


def subscription(link: Link, expires_at: datetime, *, tenant: str, contact_list: str) -> tuple[str, str]:
    """Subject and text for somebody whose address was given to subscribe it to a list of a tenant.

    Both names are whatever the tenant says: neither stands in the subject, and nothing in them is a link.
    """
    return "Please confirm your subscription", _letter(
        f"this address was given to subscribe it to “{_unlinked(contact_list)}” of a company that calls itself "
        f"“{_unlinked(tenant)}”. Please confirm that you want it:",
        *_linked(link, expires_at),
        "If you do not, you need do nothing: nothing else is sent to you.",
    )


def sender_verification(link: Link, expires_at: datetime, *, tenant: str) -> tuple[str, str]:
    """Subject and text for whoever reads the mail of an address in whose name a tenant wants to send.

    What the tenant is called does not stand in the subject, and nothing in it is a link.
    """
    return "May mail be sent in the name of this address?", _letter(
        f"a company that calls itself “{_unlinked(tenant)}” wants to send its campaigns with this address as "
        "their sender. If you know of that and allow it, please say so:",
        *_linked(link, expires_at),
        "If you do not, you need do nothing: nothing is sent in the name of this address.",
    )


def about_task(
    kind: NotificationKind,
    title: str,
    status: TaskStatus | None,
    due_date: datetime | None,
    *,
    tenant: str,
    url: str,
) -> tuple[str, str]:
    """Subject and text for somebody who is told about a task of a tenant, which they open at ``url``."""
    what = {
        NotificationKind.ASSIGNED: "This task was given to you",
        NotificationKind.UNASSIGNED: "This task is no longer yours",
        NotificationKind.STATUS_CHANGED: f"This task is now {_said(status)}",
        NotificationKind.COMPLETED: "This task is done",
        NotificationKind.DESCRIBED: "The details of this task have changed",
        NotificationKind.DUE_SOON: f"This task is due on {_moment(due_date)}"
        if due_date
        else "This task is due soon",
    }[kind]
    # What a task is called is somebody's free text, which nobody can tell from the product's own in a subject.
    return what, _letter(
        f"{what[0].lower()}{what[1:]}:",
        f"“{_unlinked(title, longest=_LONGEST_TITLE)}”",
        f"You open it here:\n{url}",
        f"It belongs to a company that calls itself “{_unlinked(tenant)}”.",
        "You choose which of these mails you get in your preferences.",
    )


_LONGEST_NAME, _LONGEST_TITLE = 60, 200


def _unlinked(text: str, longest: int = _LONGEST_NAME) -> str:
    """A text in which no mail program finds a link, in one line and not long."""
    line = " ".join(text.split())
    line = line if len(line) <= longest else f"{line[: longest - 1]}…"
    return re.sub(r"(?<=\S)([.:/@。．｡]+)(?=\S)", r"\1 ", line)


def _letter(*paragraphs: str) -> str:
    return "\n\n".join(("Hello,", *paragraphs, "Headwater")) + "\n"


def _linked(link: Link, expires_at: datetime) -> tuple[str, str, str]:
    return (
        link.url,
        f"If the link does not open, this is the code in it:\n{link.token}",
        f"It is good until {_moment(expires_at)}.",
    )


def _moment(moment: datetime) -> str:
    return moment.strftime("%d %B %Y, %H:%M UTC")


def _said(status: TaskStatus | None) -> str:
    return status.value.replace("_", " ") if status else "at another status"
