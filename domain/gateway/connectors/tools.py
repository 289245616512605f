"""The tools that connectors know: how one says its items is known, so nobody has to describe it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from domain.gateway.connectors.terms import SyncMode
from domain.kit.fields import Authored, Confidential, Describe, Internal, Len, Pattern, Restricted
from domain.kit.model import ONE_LINE


class ConnectorTool(StrEnum):
    """What a connector pulls from: the contacts of `HUBSPOT` or `SALESFORCE`, the events of `MIXPANEL`, or rows of
    reports of Google Analytics, `GA4`."""

    HUBSPOT = "hubspot"
    SALESFORCE = "salesforce"
    MIXPANEL = "mixpanel"
    GA4 = "ga4"


Tool = Annotated[ConnectorTool, Internal(), Describe("The tool whose items it pulls.")]
_NAMED = Pattern("[A-Za-z]+=.+", "is no setting, as since=2026-01-01")
Settings = Annotated[
    tuple[Annotated[str, Len(3, 2000), ONE_LINE, _NAMED], ...],
    Len(0, 10),
    Confidential(),
    Authored(),
    Describe("What is pulled of a tool, as `since=2026-01-01` or `properties=email,phone`; by tool."),
]
ToolCredentials = Annotated[
    # Sealed they are longer than what is sent.
    tuple[Annotated[str, Len(3, 12_000), ONE_LINE, Pattern("[A-Za-z]+=.+", "is no credential")], ...],
    Len(1, 10),
    Restricted(),
    Describe("What lets it in there, as `accessToken=abc`, by tool; sealed, and never shown again."),
]
ToolCredentialNames = Annotated[
    tuple[str, ...],
    Internal(),
    Describe("The names of the credentials that are set; none where it pulls from no tool."),
]

_BY_DAY = (SyncMode.INCREMENTAL, SyncMode.BATCH)
_NAMES = re.compile(r"[A-Za-z0-9_.:]{1,200}(,[A-Za-z0-9_.:]{1,200})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolTerms:
    """What a tool needs to be told, and how its items become events unless somebody says otherwise."""

    credentials: tuple[str, ...]
    url: str | None
    """Where it is unless somebody says otherwise; None: each company has its own."""
    event_type: str
    id_path: str
    time_path: str
    user_path: str | None
    account_by_credentials: bool = False
    """Whether the credentials say whose data it is, and not the address or a setting."""
    own_users: bool = False
    """Whether it has numbered whom that path names itself: others may have given somebody else the same id."""
    settings: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    """The settings that it takes beside ``since``, with what each may be."""
    needed: tuple[str, ...] = ()
    """The settings that it takes no pull without."""
    modes: tuple[SyncMode, ...] = tuple(SyncMode)
    returning: bool = False
    """Whether an item may be again as it once was, and is another event then: it says no time of its change."""
    version_paths: tuple[str, ...] = ()
    """By what an item of one id is another than before; by default by all that it holds."""


TERMS: Mapping[ConnectorTool, ToolTerms] = {
    ConnectorTool.HUBSPOT: ToolTerms(
        credentials=("accessToken",),
        account_by_credentials=True,
        url="https://api.hubapi.com",
        event_type="contact.changed",
        id_path="id",
        time_path="properties.lastmodifieddate",
        user_path="id",
        own_users=True,
        settings={"properties": _NAMES},
    ),
    ConnectorTool.SALESFORCE: ToolTerms(
        credentials=("clientId", "clientSecret"),
        url=None,
        event_type="contact.changed",
        id_path="Id",
        time_path="SystemModstamp",
        user_path="Id",
        own_users=True,
        settings={"fields": _NAMES},
    ),
    ConnectorTool.MIXPANEL: ToolTerms(
        credentials=("projectId", "secret", "username"),
        account_by_credentials=True,
        url="https://data.mixpanel.com",
        event_type="analytics.event",
        id_path="properties.$insert_id",
        time_path="properties.time",
        user_path="properties.distinct_id",
        settings={"events": re.compile(r".+")},
        modes=_BY_DAY,
        # Whose it is said to be may change later.
        version_paths=("event", "properties.time"),
    ),
    ConnectorTool.GA4: ToolTerms(
        credentials=("serviceAccount",),
        url="https://analyticsdata.googleapis.com",
        event_type="analytics.report_row",
        id_path="id",
        time_path="time",
        user_path=None,
        settings={"propertyId": re.compile(r"[0-9]{1,20}"), "dimensions": _NAMES, "metrics": _NAMES},
        needed=("propertyId",),
        returning=True,
        modes=_BY_DAY,
    ),
}


def settings_of(settings: tuple[str, ...]) -> dict[str, str]:
    """Settings by their names."""
    return dict(each.split("=", 1) for each in settings)
