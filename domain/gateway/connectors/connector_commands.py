"""The commands on connectors."""

from datetime import datetime

from domain.gateway.connectors.connectors import (
    Connector,
    ConnectorActive,
    ConnectorHeaderNeeded,
    ConnectorPaused,
    ConnectorUnsuitable,
)
from domain.gateway.connectors.suitable import next_pull, require_full_for_gone, require_suitable
from domain.gateway.connectors.terms import (
    Count,
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
    Round,
    Seconds,
    SyncMode,
    TimePath,
    Url,
    UserPath,
    Zone,
)
from domain.gateway.connectors.tools import (
    TERMS,
    Settings,
    ToolCredentialNames,
    ToolCredentials,
    settings_of,
)
from domain.gateway.tools.destinations import require_credentials, sealed_text
from domain.gateway.webhooks import checked_url
from domain.kit.caller import require_person
from domain.kit.fields import KEPT, Kept
from domain.kit.model import Caller, Command


class RegisterConnector(Command, requires=(checked_url,)):
    """Have the data of an outside system pulled, each item of which becomes an event of a source."""

    name: Name
    source_id: FromSource
    url: Url
    mode: Mode
    pagination: Pages = Pagination.CURSOR
    event_type: ItemType
    gone_type: GoneType | None = None
    items_path: ItemsPath | None = None
    id_path: IdPath = "id"
    time_path: TimePath | None = None
    user_path: UserPath | None = None
    cursor_path: CursorPath | None = None
    parameter: Parameter | None = None
    cron: CronText | None = None
    zone: Zone = "UTC"
    seconds: Seconds | None = None
    header: Header | None = None

    def handle(self, by: Caller, now: datetime) -> Connector:
        require_person(by)
        self._require_paths()
        registered = Connector.Registered(
            name=self.name.strip(),
            source_id=self.source_id,
            url=checked_url(self.url),
            mode=self.mode,
            pagination=self.pagination,
            event_type=self.event_type,
            gone_type=self.gone_type,
            items_path=self.items_path,
            id_path=self.id_path,
            time_path=self.time_path,
            user_path=self.user_path,
            cursor_path=self.cursor_path,
            parameter=self.parameter,
            cron=self.cron,
            zone=self.zone,
            seconds=self.seconds,
            header=self.header,
            next_at=next_pull(self.mode, self.cron, self.zone, self.seconds, now),
        )
        return Connector.begin(self.id, registered)

    def _require_paths(self) -> None:
        if self.time_path is None and self.mode is not SyncMode.FULL:
            raise ConnectorUnsuitable(reason="Say where an item says when it changed.", field="time_path")
        require_full_for_gone(self.mode, self.gone_type)
        said = self.pagination in (Pagination.CURSOR, Pagination.LAST_ITEM)
        if (self.cursor_path is not None) is not said:
            reason = "CURSOR and LAST_ITEM take the path of the cursor, and nothing else does."
            raise ConnectorUnsuitable(reason=reason, field="cursor_path")
        if self.pagination is Pagination.PAGE and self.mode in (SyncMode.INCREMENTAL, SyncMode.REAL_TIME):
            reason = "Numbers of pages shift as items come: use BATCH or FULL, or another pagination."
            raise ConnectorUnsuitable(reason=reason, field="pagination")
        if (self.parameter is None) is not (self.pagination is Pagination.LINK):
            raise ConnectorUnsuitable(reason="All but LINK take a parameter.", field="parameter")


class ChangeConnector(Command, requires=(checked_url,)):
    """Change a connector; what is left out stays. From another address it is pulled from the beginning, and the
    header must be said with it, or the credentials of one that knows a tool. With other settings it is pulled from
    the beginning as well, and so it is with other credentials where these say whose data it is."""

    name: Name | Kept = KEPT
    url: Url | Kept = KEPT
    cron: CronText | Kept | None = KEPT
    zone: Zone | Kept = KEPT
    seconds: Seconds | Kept | None = KEPT
    header: Header | Kept | None = KEPT
    credentials: ToolCredentials | Kept = KEPT
    credential_names: ToolCredentialNames = ()
    settings: Settings | Kept | None = KEPT

    def handle(self, connector: Connector, by: Caller, now: datetime) -> None:
        require_person(by)
        header, settings = self._header(connector), self._settings(connector)
        url = connector.url if isinstance(self.url, Kept) else checked_url(self.url)
        if connector.tool is not None:
            url = url.rstrip("/")
        if url != connector.url and connector.header is not None and isinstance(header, Kept):
            raise ConnectorHeaderNeeded(field="header" if connector.tool is None else "credentials")
        cron = connector.cron if isinstance(self.cron, Kept) else self.cron
        zone = connector.zone if isinstance(self.zone, Kept) else self.zone
        seconds = connector.seconds if isinstance(self.seconds, Kept) else self.seconds
        next_at = next_pull(connector.mode, cron, zone, seconds, now)
        other_account = not isinstance(self.credentials, Kept) and (
            connector.tool is not None and TERMS[connector.tool].account_by_credentials
        )
        other_settings = settings_of(settings) != settings_of(connector.settings)
        changed = Connector.Changed(
            name=connector.name if isinstance(self.name, Kept) else self.name.strip(),
            url=url,
            cron=cron,
            zone=zone,
            seconds=seconds,
            header=connector.header if isinstance(header, Kept) else header,
            next_at=next_at if connector.active else None,
            settings=settings,
            restarted=url != connector.url or other_settings or other_account,
        )
        connector.record(changed)

    def _settings(self, connector: Connector) -> tuple[str, ...]:
        if isinstance(self.settings, Kept):
            return connector.settings
        if connector.tool is None:
            reason = "This connector knows no tool, so it takes no settings."
            raise ConnectorUnsuitable(reason=reason, field="settings")
        settings = self.settings or ()
        require_suitable(connector.tool, connector.mode, settings)
        return settings

    def _header(self, connector: Connector) -> str | Kept | None:
        """What lets it in, sealed."""
        if connector.tool is None:
            if not isinstance(self.credentials, Kept):
                reason = "This connector knows no tool, so it takes a header."
                raise ConnectorUnsuitable(reason=reason, field="credentials")
            return self.header
        if not isinstance(self.header, Kept):
            reason = "A connector that knows a tool takes credentials, and no header."
            raise ConnectorUnsuitable(reason=reason, field="header")
        if isinstance(self.credentials, Kept):
            return self.credentials
        require_credentials(connector.tool.value, TERMS[connector.tool].credentials, self.credential_names)
        return sealed_text(self.credentials)


class PauseConnector(Command):
    """Have a connector pull no more until it is resumed; where it was is kept, but for a full load that is under
    way, of which nothing comes in."""

    def handle(self, connector: Connector) -> None:
        require_active(connector)
        connector.record(Connector.Paused())


class ResumeConnector(Command):
    """Have a connector pull again, on from where it was."""

    def handle(self, connector: Connector, by: Caller, now: datetime) -> None:
        require_person(by)
        if connector.active:
            raise ConnectorActive(field="id")
        at = next_pull(connector.mode, connector.cron, connector.zone, connector.seconds, now)
        connector.record(Connector.Resumed(next_at=at))


class RunConnector(Command):
    """Have a connector pull now, unless it does already."""

    def handle(self, connector: Connector, by: Caller) -> None:
        require_person(by)
        require_active(connector)
        connector.record(Connector.PullRequested())


class DeleteConnector(Command):
    """Delete a connector permanently; what it has pulled stays."""

    def handle(self, connector: Connector) -> None:
        connector.record(Connector.Deleted())


class NotePage(Command):
    """Note that what a page holds is in the log, and from where to go on; no client sends this."""

    round: Round
    cursor: Cursor | None
    accepted: Count
    duplicates: Count
    rejected: Count

    def handle(self, connector: Connector) -> None:
        # A cursor of the former address leads nowhere at the new one.
        cursor = self.cursor if self.round == connector.round else connector.cursor
        noted = Connector.PageTaken(
            cursor=cursor, accepted=self.accepted, duplicates=self.duplicates, rejected=self.rejected
        )
        connector.record(noted)


class NotePullEnd(Command):
    """Note that a pull has ended well; no client sends this."""

    next_at: NextAt
    gone_items: Count = 0

    def handle(self, connector: Connector) -> None:
        connector.record(Connector.PullEnded(next_at=self.next_at, gone_items=self.gone_items))


class NotePullFailure(Command):
    """Note that a pull came to nothing; no client sends this."""

    error: Fault
    next_at: NextAt

    def handle(self, connector: Connector) -> None:
        connector.record(Connector.PullFailed(error=self.error, next_at=self.next_at))


class NotePullTry(Command):
    """Note that a try of a pull came to nothing, and that it is tried again; no client sends this."""

    error: Fault

    def handle(self, connector: Connector) -> None:
        connector.record(Connector.TryFailed(error=self.error))


class StopConnector(Command):
    """Note that nothing lets a connector in, so that it is paused; no client sends this."""

    error: Fault

    def handle(self, connector: Connector) -> None:
        if connector.active:
            connector.record(Connector.Stopped(error=self.error))


def require_active(connector: Connector) -> None:
    """Raise ConnectorPaused."""
    if not connector.active:
        raise ConnectorPaused(field="id")
