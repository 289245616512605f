"""The commands on connectors that know a tool; what else is done to them is done to all connectors."""

from datetime import datetime

from domain.gateway.connectors.connectors import Connector, ConnectorUnsuitable
from domain.gateway.connectors.suitable import next_pull, require_full_for_gone, require_suitable
from domain.gateway.connectors.terms import (
    CronText,
    FromSource,
    GoneType,
    IdPath,
    ItemType,
    Mode,
    Name,
    Pagination,
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
    Tool,
    ToolCredentialNames,
    ToolCredentials,
)
from domain.gateway.tools.destinations import DestinationUrlMissing, require_credentials, sealed_text
from domain.gateway.webhooks import checked_url
from domain.kit.caller import require_person
from domain.kit.model import Caller, Command


class RegisterToolConnector(Command):
    """Have the data of a tool pulled, each item of which becomes an event of a source. What is left out of how
    items become events is as `docs/connectors.md` says of the tool."""

    name: Name
    source_id: FromSource
    tool: Tool
    credentials: ToolCredentials
    credential_names: ToolCredentialNames = ()
    settings: Settings = ()
    url: Url | None = None
    mode: Mode = SyncMode.INCREMENTAL
    event_type: ItemType | None = None
    gone_type: GoneType | None = None
    id_path: IdPath | None = None
    time_path: TimePath | None = None
    user_path: UserPath | None = None
    cron: CronText | None = None
    zone: Zone = "UTC"
    seconds: Seconds | None = None

    def handle(self, by: Caller, now: datetime) -> Connector:
        require_person(by)
        terms = TERMS[self.tool]
        require_credentials(self.tool.value, terms.credentials, self.credential_names)
        require_suitable(self.tool, self.mode, self.settings)
        require_full_for_gone(self.mode, self.gone_type)
        if terms.returning and self.id_path not in (None, terms.id_path):
            reason = f"What this tool's items are known by is at {terms.id_path}."
            raise ConnectorUnsuitable(reason=reason, field="id_path")
        if (url := self.url or terms.url) is None:
            raise DestinationUrlMissing(field="url")
        registered = Connector.Registered(
            name=self.name.strip(),
            source_id=self.source_id,
            tool=self.tool,
            settings=self.settings,
            credentials=self.credential_names,
            url=checked_url(url).rstrip("/"),
            mode=self.mode,
            pagination=Pagination.CURSOR,
            event_type=self.event_type or terms.event_type,
            gone_type=self.gone_type,
            items_path=None,
            id_path=self.id_path or terms.id_path,
            time_path=self.time_path or terms.time_path,
            user_path=self.user_path or terms.user_path,
            cursor_path=None,
            parameter=None,
            cron=self.cron,
            zone=self.zone,
            seconds=self.seconds,
            header=sealed_text(self.credentials),
            next_at=next_pull(self.mode, self.cron, self.zone, self.seconds, now),
        )
        return Connector.begin(self.id, registered)
