"""Webhooks as people read them; their secrets stand in no view."""

from datetime import datetime
from typing import Annotated

from domain.gateway.tools.destinations import CredentialNames, Kind, Mapped, WebhookKind
from domain.gateway.webhooks import (
    Conditions,
    Name,
    Ordered,
    Sponsor,
    Types,
    Url,
    Webhook,
    WebhookStop,
    WithConfidential,
    WithPersonal,
)
from domain.kit.fields import Describe
from projections.kit.declare.folds import TIME, EventField, carried, removed, stamped
from projections.kit.model import Check, CreatedAt, Id, Index, PostgresView, Row, UpdatedAt, Version


class WebhookRow(Row):
    """An address that is called with what happens."""

    id: Id
    name: Name
    url: Url
    types: Types
    conditions: Conditions
    ordered: Ordered
    with_confidential: WithConfidential
    with_personal: WithPersonal
    sponsor_id: Sponsor
    kind: Kind = WebhookKind.WEBHOOK
    mapping: Mapped = ()
    credentials: CredentialNames = ()
    active: Annotated[bool, Describe("Whether it is on.")] = True
    stopped: Annotated[WebhookStop | None, Describe("Why it is off; null while it is on.")] = None
    failing_since: Annotated[
        datetime | None, Describe("Since when nothing arrives; null when the last try arrived.")
    ] = None
    former_secret_until: Annotated[
        datetime | None, Describe("Until when the former secret signs as well; null if there was none.")
    ] = None
    tested_at: Annotated[datetime | None, Describe("When a test event was last asked for.")] = None
    created_at: CreatedAt
    updated_at: UpdatedAt
    version: Version


class Webhooks(PostgresView[WebhookRow], name="gateway.webhooks", version=2):
    """Every webhook that is kept."""

    collated = {"name": ("name",)}
    checks = (
        Check("valid_webhook_stop", "stopped in ('manual', 'gone', 'failing', 'unauthorized', 'backlog')"),
        Check(
            "valid_webhook_kind", "kind in ('webhook', 'segment', 'mixpanel', 'ga4', 'hubspot', 'salesforce')"
        ),
    )
    indexes = (
        Index("idx_webhooks_name", ("name_order", "id")),
        Index("idx_webhooks_created_at", ("created_at", "id")),
    )

    registered = carried(Webhook.Registered, first=True)
    changed = carried(Webhook.Changed)
    rotated = carried(Webhook.SecretRotated, former_secret_until=EventField("former_until"))
    disabled = carried(Webhook.Disabled, active=False, stopped=EventField("reason"))
    enabled = carried(Webhook.Enabled, active=True, stopped=None, failing_since=None)
    failure_began = carried(Webhook.FailureBegan, failing_since=EventField("since"))
    failure_ended = carried(Webhook.FailureEnded, failing_since=None)
    tested = carried(Webhook.TestRequested, tested_at=TIME)
    replayed = stamped(Webhook.ReplayRequested, Webhook.EventReplayRequested)
    deleted = removed(Webhook.Deleted)
