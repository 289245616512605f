"""Connectors as people read them; what lets them in stands in no view."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.gateway.connectors.connectors import Connector
from domain.gateway.connectors.terms import (
    CronText,
    Cursor,
    CursorPath,
    GoneType,
    IdPath,
    ItemsPath,
    ItemType,
    Mode,
    Name,
    NextAt,
    Pages,
    Parameter,
    Seconds,
    TimePath,
    Url,
    UserPath,
    Zone,
)
from domain.gateway.connectors.tools import Settings, Tool, ToolCredentialNames
from domain.kit.fields import Describe, Len
from projections.kit.declare.folds import TIME, carried, on, removed, stamped
from projections.kit.model import (
    Check,
    CreatedAt,
    Id,
    Index,
    PostgresView,
    Row,
    UpdatedAt,
    Version,
    replace,
)


class ConnectorRow(Row):
    """An outside system whose data is pulled."""

    id: Id
    name: Name
    source_id: Annotated[UUID, Describe("The source that what it pulls are events of.")]
    url: Url
    mode: Mode
    pagination: Pages
    event_type: ItemType
    gone_type: GoneType | None
    items_path: ItemsPath | None
    id_path: IdPath
    time_path: TimePath | None
    user_path: UserPath | None
    cursor_path: CursorPath | None
    parameter: Parameter | None
    cron: CronText | None
    zone: Zone
    seconds: Seconds | None
    next_at: NextAt
    tool: Tool | None = None
    settings: Settings = ()
    credentials: ToolCredentialNames = ()
    active: Annotated[bool, Describe("Whether it is not paused.")] = True
    cursor: Cursor | None = None
    accepted: Annotated[int, Describe("The items that became events, in all.")] = 0
    duplicates: Annotated[int, Describe("The items that were known as they are, in all.")] = 0
    rejected: Annotated[int, Describe("The items that were rejected; `deadLetters` lists them.")] = 0
    gone: Annotated[int, Describe("The items that full loads found gone, in all.")] = 0
    page_at: Annotated[datetime | None, Describe("When the last page came in; null before the first.")] = None
    ended_at: Annotated[datetime | None, Describe("When a pull last ended well; null before the first.")] = (
        None
    )
    failed_at: Annotated[
        datetime | None,
        Describe("When the last pull, or a try of the one that is under way, failed; null where none did."),
    ] = None
    error: Annotated[
        str | None,
        Len(max_length=100),
        Describe(
            "Why the last pull, or a try of the one that is under way, came to nothing, in a word, as `http_401`; "
            "null where none did."
        ),
    ] = None
    created_at: CreatedAt
    updated_at: UpdatedAt
    version: Version


class Connectors(PostgresView[ConnectorRow], name="gateway.connectors", version=2, inline=True):
    """Every connector that is kept."""

    collated = {"name": ("name",)}
    checks = (
        Check("valid_connector_mode", "mode in ('real_time', 'batch', 'incremental', 'full')"),
        Check("valid_connector_pagination", "pagination in ('cursor', 'last_item', 'page', 'link')"),
    )
    indexes = (
        Index("idx_connectors_name", ("name_order", "id")),
        Index("idx_connectors_created_at", ("created_at", "id")),
    )

    registered = carried(Connector.Registered, first=True)
    paused = carried(Connector.Paused, active=False, next_at=None)
    resumed = carried(Connector.Resumed, active=True, failed_at=None, error=None)
    stopped = carried(Connector.Stopped, active=False, next_at=None, failed_at=TIME)
    try_failed = carried(Connector.TryFailed, failed_at=TIME)
    failed = carried(Connector.PullFailed, failed_at=TIME)
    requested = stamped(Connector.PullRequested)
    deleted = removed(Connector.Deleted)

    @on(Connector.Changed)
    def changed(self, row: ConnectorRow, event: Connector.Changed) -> ConnectorRow:
        return replace(
            row,
            name=event.name,
            url=event.url,
            cron=event.cron,
            zone=event.zone,
            seconds=event.seconds,
            next_at=event.next_at,
            settings=row.settings if event.restarted is None else event.settings,
            cursor=None if event.restarts(row.url) else row.cursor,
            updated_at=event.timestamp,
            version=event.originator_version,
        )

    @on(Connector.PullEnded)
    def ended(self, row: ConnectorRow, event: Connector.PullEnded) -> ConnectorRow:
        return replace(
            row,
            next_at=event.next_at,
            gone=row.gone + event.gone_items,
            ended_at=event.timestamp,
            failed_at=None,
            error=None,
            updated_at=event.timestamp,
            version=event.originator_version,
        )

    @on(Connector.PageTaken)
    def page_taken(self, row: ConnectorRow, event: Connector.PageTaken) -> ConnectorRow:
        return replace(
            row,
            cursor=event.cursor,
            accepted=row.accepted + event.accepted,
            duplicates=row.duplicates + event.duplicates,
            rejected=row.rejected + event.rejected,
            page_at=event.timestamp,
            updated_at=event.timestamp,
            version=event.originator_version,
        )
