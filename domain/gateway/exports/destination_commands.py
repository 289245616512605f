"""The commands on destinations; what else is done to them is done to webhooks."""

from datetime import datetime
from typing import Annotated

from domain.gateway.exports.mapped_fields import require_found
from domain.gateway.tools.destinations import (
    TERMS,
    Credentials,
    DestinationCredentialsMissing,
    DestinationUrlMissing,
    Kind,
    Mapped,
    NotADestination,
    WebhookKind,
    require_credentials,
    require_mapped,
    sealed_text,
)
from domain.gateway.webhooks import (
    Conditions,
    Name,
    Ordered,
    Types,
    Url,
    Webhook,
    checked_types,
    checked_url,
    require_conditions,
)
from domain.kit.caller import require_person
from domain.kit.fields import KEPT, Describe, Internal, Kept
from domain.kit.model import Caller, Command, distinct

Names = Annotated[tuple[str, ...], Internal(), Describe("Their names.")]


class RegisterDestination(Command, requires=(checked_types, require_conditions, require_found)):
    """Have events sent to an analytics tool or a CRM. You vouch for it: what you may not see is not sent."""

    name: Name
    kind: Kind
    url: Url | None = None
    types: Types
    conditions: Conditions = ()
    ordered: Ordered = False
    mapping: Mapped = ()
    credentials: Credentials
    credential_names: Names = ()

    def handle(self, by: Caller) -> Webhook:
        require_person(by)
        if self.kind is WebhookKind.WEBHOOK:
            raise NotADestination(field="kind")
        require_credentials(self.kind.value, TERMS[self.kind].credentials, self.credential_names)
        require_mapped(self.kind, self.mapping)
        if (url := self.url or TERMS[self.kind].url) is None:
            raise DestinationUrlMissing(field="url")
        registered = Webhook.Registered(
            name=self.name.strip(),
            kind=self.kind,
            url=checked_url(url).rstrip("/"),
            types=checked_types(self.types),
            conditions=distinct(self.conditions),
            ordered=self.ordered,
            # What leaves is what is mapped, where whoever vouches may see it.
            with_confidential=True,
            with_personal=True,
            sponsor_id=by.user_id,
            secret=sealed_text(self.credentials),
            mapping=distinct(self.mapping),
            credentials=self.credential_names,
        )
        return Webhook.begin(self.id, registered)


class ChangeDestination(Command, requires=(checked_types,)):
    """Change a destination; what is left out stays. You vouch for it from then on. With another address its
    credentials are said as well: those that are stored are sent nowhere but where they were meant for."""

    name: Name | Kept = KEPT
    url: Url | Kept = KEPT
    types: Types | Kept = KEPT
    conditions: Conditions | Kept = KEPT
    ordered: Ordered | Kept = KEPT
    mapping: Mapped | Kept = KEPT
    credentials: Credentials | Kept = KEPT
    credential_names: Names = ()

    def handle(self, webhook: Webhook, by: Caller, now: datetime) -> None:
        require_destination(webhook)
        url = webhook.url if isinstance(self.url, Kept) else checked_url(self.url).rstrip("/")
        if isinstance(self.credentials, Kept):
            if url != webhook.url:
                raise DestinationCredentialsMissing(field="credentials")
        else:
            _require_credentials(webhook, self.credential_names)
        types = webhook.types if isinstance(self.types, Kept) else checked_types(self.types)
        conditions = webhook.conditions if isinstance(self.conditions, Kept) else distinct(self.conditions)
        require_conditions(types, conditions)
        mapping = webhook.mapping if isinstance(self.mapping, Kept) else distinct(self.mapping)
        require_mapped(webhook.kind, mapping)
        if not (isinstance(self.types, Kept) and isinstance(self.mapping, Kept)):
            require_found(types, mapping)
        changed = Webhook.Changed(
            name=webhook.name if isinstance(self.name, Kept) else self.name.strip(),
            url=url,
            types=types,
            conditions=conditions,
            ordered=webhook.ordered if isinstance(self.ordered, Kept) else self.ordered,
            with_confidential=True,
            with_personal=True,
            sponsor_id=webhook.vouch(by),
            mapping=mapping,
        )
        webhook.record(changed)
        if not isinstance(self.credentials, Kept):
            _record_credentials(webhook, self.credentials, self.credential_names, now)


class ReplaceDestinationCredentials(Command):
    """Give a destination other credentials; the former ones are used no more."""

    credentials: Credentials
    credential_names: Names = ()

    def handle(self, webhook: Webhook, by: Caller, now: datetime) -> None:
        require_person(by)
        require_destination(webhook)
        _require_credentials(webhook, self.credential_names)
        _record_credentials(webhook, self.credentials, self.credential_names, now)


def _require_credentials(webhook: Webhook, names: tuple[str, ...]) -> None:
    require_credentials(webhook.kind.value, TERMS[webhook.kind].credentials, names)


def _record_credentials(
    webhook: Webhook, credentials: tuple[str, ...], names: tuple[str, ...], now: datetime
) -> None:
    webhook.record(
        Webhook.SecretRotated(secret=sealed_text(credentials), former_until=now, credentials=names)
    )


def require_destination(webhook: Webhook) -> None:
    """Raise NotADestination for a plain webhook."""
    if webhook.kind is WebhookKind.WEBHOOK:
        raise NotADestination(field="id")
