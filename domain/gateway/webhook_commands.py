"""The commands on webhooks."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.gateway.webhooks import (
    OVERLAP,
    Conditions,
    Name,
    Ordered,
    Secret,
    Types,
    Url,
    Webhook,
    WebhookActive,
    WebhookInactive,
    WebhookStop,
    WithConfidential,
    WithPersonal,
    checked_types,
    checked_url,
    require_conditions,
    require_plain,
)
from domain.kit.caller import require_person
from domain.kit.fields import KEPT, Describe, Internal, Kept
from domain.kit.model import Caller, Command, Invalid, distinct, in_utc
from domain.kit.refusals import ViolationCode


class RegisterWebhook(Command, requires=(checked_url, checked_types, require_conditions)):
    """Register an address that is called with what happens. You vouch for it: what you may not see is not sent."""

    name: Name
    url: Url
    types: Types
    conditions: Conditions = ()
    ordered: Ordered = False
    with_confidential: WithConfidential = False
    with_personal: WithPersonal = False
    secret: Secret

    def handle(self, by: Caller) -> Webhook:
        require_person(by)
        registered = Webhook.Registered(
            name=self.name.strip(),
            url=checked_url(self.url),
            types=checked_types(self.types),
            conditions=distinct(self.conditions),
            ordered=self.ordered,
            with_confidential=self.with_confidential,
            with_personal=self.with_personal,
            sponsor_id=by.user_id,
            secret=self.secret,
        )
        return Webhook.begin(self.id, registered)


class ChangeWebhook(Command, requires=(checked_url, checked_types)):
    """Change a webhook; what is left out stays. You vouch for it from then on."""

    name: Name | Kept = KEPT
    url: Url | Kept = KEPT
    types: Types | Kept = KEPT
    conditions: Conditions | Kept = KEPT
    ordered: Ordered | Kept = KEPT
    with_confidential: WithConfidential | Kept = KEPT
    with_personal: WithPersonal | Kept = KEPT

    def handle(self, webhook: Webhook, by: Caller) -> None:
        require_plain(webhook)
        types = webhook.types if isinstance(self.types, Kept) else checked_types(self.types)
        conditions = webhook.conditions if isinstance(self.conditions, Kept) else distinct(self.conditions)
        require_conditions(types, conditions)
        changed = Webhook.Changed(
            name=webhook.name if isinstance(self.name, Kept) else self.name.strip(),
            url=webhook.url if isinstance(self.url, Kept) else checked_url(self.url),
            types=types,
            conditions=conditions,
            ordered=webhook.ordered if isinstance(self.ordered, Kept) else self.ordered,
            with_confidential=(
                webhook.with_confidential
                if isinstance(self.with_confidential, Kept)
                else self.with_confidential
            ),
            with_personal=webhook.with_personal
            if isinstance(self.with_personal, Kept)
            else self.with_personal,
            sponsor_id=webhook.vouch(by),
        )
        webhook.record(changed)


class RotateWebhookSecret(Command):
    """Give a webhook a new secret; for 24 hours the former one signs as well."""

    secret: Secret

    def handle(self, webhook: Webhook, by: Caller, now: datetime) -> None:
        require_person(by)
        require_plain(webhook)
        webhook.record(Webhook.SecretRotated(secret=self.secret, former_until=now + OVERLAP))


class DisableWebhook(Command):
    """Switch a webhook off: what happens until it is on again is not sent, but can be replayed."""

    def handle(self, webhook: Webhook) -> None:
        if not webhook.active:
            raise WebhookInactive(field="id")
        webhook.record(Webhook.Disabled(reason=WebhookStop.MANUAL))


class EnableWebhook(Command):
    """Switch a webhook on again. You vouch for it from then on."""

    def handle(self, webhook: Webhook, by: Caller) -> None:
        if webhook.active:
            raise WebhookActive(field="id")
        webhook.record(Webhook.Enabled(sponsor_id=webhook.vouch(by)))


class DeleteWebhook(Command):
    """Delete a webhook permanently; what waits to be sent is not sent."""

    def handle(self, webhook: Webhook) -> None:
        webhook.record(Webhook.Deleted())


class SendTestEvent(Command):
    """Have a webhook called once with an event that means nothing, also while it is off."""

    def handle(self, webhook: Webhook) -> None:
        webhook.record(Webhook.TestRequested())


def require_some_time(since: datetime, until: datetime | None, now: datetime) -> None:
    """Raise Invalid for a time that ends before it begins."""
    if since >= (until or now):
        raise Invalid(field="since", reason="is not before the end", why=ViolationCode.TOO_LARGE)


class ReplayWebhook(Command, requires=(require_some_time,)):
    """Send the events of a time again that the webhook is for, under the same message ids.
    `webhookReplayCount` says how many these are."""

    since: Annotated[datetime, Internal(), Describe("From this time on.")]
    until: Annotated[
        datetime | None, Internal(), Describe("Before this time; left out: up to this moment.")
    ] = None

    def handle(self, webhook: Webhook, now: datetime) -> None:
        if not webhook.active:
            raise WebhookInactive(field="id")
        until = in_utc(self.until) or now
        webhook.record(Webhook.ReplayRequested(since=in_utc(self.since) or self.since, until=min(until, now)))


class ReplayWebhookEvent(Command):
    """Send one event again, under the same message id."""

    event_id: Annotated[UUID, Internal(), Describe("The event's id, as its delivery names it.")]

    def handle(self, webhook: Webhook) -> None:
        if not webhook.active:
            raise WebhookInactive(field="id")
        webhook.record(Webhook.EventReplayRequested(event_id=self.event_id))


class StopWebhook(Command):
    """Switch a webhook off because it cannot be called any more; no client sends this."""

    reason: WebhookStop

    def handle(self, webhook: Webhook) -> None:
        if webhook.active:
            webhook.record(Webhook.Disabled(reason=self.reason))


class NoteWebhookFailure(Command):
    """Note since when nothing arrives, or, without a time, that it does again; no client sends this."""

    since: datetime | None = None

    def handle(self, webhook: Webhook) -> None:
        if self.since is None and webhook.failing_since is not None:
            webhook.record(Webhook.FailureEnded())
        elif self.since is not None and webhook.failing_since is None:
            webhook.record(Webhook.FailureBegan(since=self.since))
