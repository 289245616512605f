"""Connectors: outside systems whose data is pulled over HTTP, page by page, and becomes events of a source."""

from typing import Annotated
from uuid import UUID

from domain.gateway.connectors.terms import (
    CronText,
    Cursor,
    CursorPath,
    Fault,
    FromSource,
    GoneType,
    Header,
    IdPath,
    ItemsPath,
    ItemType,
    Mode,
    Name,
    NextAt,
    Pages,
    Pagination,
    Parameter,
    Seconds,
    SyncMode,
    TimePath,
    Url,
    UserPath,
    Zone,
)
from domain.gateway.connectors.tools import ConnectorTool, Settings, Tool, ToolCredentialNames
from domain.kit.fields import Describe, Internal
from domain.kit.model import Aggregate, Event, Refusal, Unique, applies, assigns
from domain.kit.text import key

MOST = 20
"""How many connectors a tenant has at the most."""


class ConnectorPaused(Refusal):
    """This connector is paused."""


class ConnectorActive(Refusal):
    """This connector is not paused."""


class ConnectorUnsuitable(Refusal):
    """{reason}"""


class ConnectorHeaderNeeded(Refusal):
    """Say what lets in at the new address as well, or null: what does so at the former one is not sent there."""


class TooManyConnectors(Refusal):
    """A tenant has {most} connectors at the most; delete one first."""


class Connector(Aggregate, topic="gateway.connector", unique=(Unique("name", fold=key),)):
    """An outside system whose data is pulled."""

    class_version = 2
    oldest_snapshot = 2

    class Registered(Event):
        name: Name
        source_id: FromSource
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
        header: Header | None
        next_at: NextAt
        tool: Tool | None = None
        settings: Settings = ()
        credentials: ToolCredentialNames = ()

    class Changed(Event):
        """Changed; where what it pulls is another, it is pulled from the beginning."""

        name: Name
        url: Url
        cron: CronText | None
        zone: Zone
        seconds: Seconds | None
        header: Header | None
        next_at: NextAt
        settings: Settings = ()
        restarted: Annotated[
            bool | None,
            Internal(),
            Describe("Whether it is pulled from the beginning; null: where the address is another."),
        ] = None

        def restarts(self, url: str) -> bool:
            """Whether what was pulled at this address is pulled from the beginning."""
            return self.url != url if self.restarted is None else self.restarted

    class Paused(Event): ...

    class Resumed(Event):
        next_at: NextAt

    class PullRequested(Event): ...

    class PageTaken(Event):
        """What a page holds is in the log, and the next one begins here."""

        cursor: Cursor | None
        accepted: Annotated[int, Internal(), Describe("The items that became events.")]
        duplicates: Annotated[int, Internal(), Describe("The items that were known as they are.")]
        rejected: Annotated[int, Internal(), Describe("The items that were rejected.")]

    class PullEnded(Event):
        next_at: NextAt
        gone_items: Annotated[
            int, Internal(), Describe("The items of the load before that are there no more.")
        ]

    class PullFailed(Event):
        error: Fault
        next_at: NextAt

    class TryFailed(Event):
        """A try of a pull came to nothing; it is tried again."""

        error: Fault

    class Stopped(Event):
        """Paused by itself, since nothing lets it in."""

        error: Fault

    class Deleted(Event, ends=True): ...

    name: str
    source_id: UUID
    url: str
    mode: SyncMode
    pagination: Pagination
    event_type: str
    gone_type: str | None
    items_path: str | None
    id_path: str
    time_path: str | None
    user_path: str | None
    cursor_path: str | None
    parameter: str | None
    cron: str | None
    zone: str
    seconds: int | None
    header: str | None
    """What lets it in, sealed: a header, or the credentials of a tool, one in a line."""
    tool: ConnectorTool | None = None
    settings: tuple[str, ...] = ()
    cursor: str | None = None
    left: str | None = None
    """Where it was when it was last changed to be pulled from the beginning."""
    round: int = 0
    active: bool = True
    registered = assigns(Registered)

    @applies(Changed)
    def _changed(self, event: Changed) -> None:
        if event.restarts(self.url):
            self.left = self.cursor or self.left
            self.cursor, self.round = None, self.round + 1
        if event.restarted is not None:
            self.settings = event.settings
        self.name, self.url, self.header = event.name, event.url, event.header
        self.cron, self.zone, self.seconds = event.cron, event.zone, event.seconds

    @applies(Paused)
    def _paused(self, event: Paused) -> None:
        self.active = False

    @applies(Stopped)
    def _stopped(self, event: Stopped) -> None:
        self.active = False

    @applies(Resumed)
    def _resumed(self, event: Resumed) -> None:
        self.active = True

    @applies(PageTaken)
    def _page_taken(self, event: PageTaken) -> None:
        self.cursor = event.cursor
