"""What connectors are told: where an outside system is, how its pages follow one another, and what they hold."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from domain.gateway.schemas.event_types import EventType as TypeName
from domain.kit.fields import (
    Authored,
    Confidential,
    Describe,
    Internal,
    Interval,
    Len,
    Pattern,
    References,
    Requires,
    Restricted,
)
from domain.kit.model import ONE_LINE
from domain.kit.process.zones import require_zone


class SyncMode(StrEnum):
    """How a connector pulls. `REAL_TIME`: every few seconds, on from the stored cursor; `INCREMENTAL`: by its
    schedule, on from the stored cursor; `BATCH`: by its schedule, all pages, of which what is new or changed
    becomes events; `FULL`: by its schedule, all of it before any of it counts, with what is gone since the last
    time."""

    REAL_TIME = "real_time"
    BATCH = "batch"
    INCREMENTAL = "incremental"
    FULL = "full"


class Pagination(StrEnum):
    """Where the next page is. `CURSOR`: the answer says a cursor; `LAST_ITEM`: the last item says it, as its id or
    the time of its change; `PAGE`: pages have numbers from 1; `LINK`: the header `Link` says it with
    `rel="next"`."""

    CURSOR = "cursor"
    LAST_ITEM = "last_item"
    PAGE = "page"
    LINK = "link"


LONGEST_CURSOR = 2_000
LONGEST_FAULT = 100
_PATH = Pattern("[A-Za-z0-9_@$-]+([.][A-Za-z0-9_@$-]+)*", "is no path, as data.items")

Name = Annotated[str, Len(1, 100), ONE_LINE, Internal(), Authored(), Describe("The connector's name.")]
FromSource = Annotated[
    UUID, References("gateway.source"), Internal(), Describe("The source that what it pulls are events of.")
]
Url = Annotated[
    str,
    Len(1, 2000),
    ONE_LINE,
    Confidential(),
    Authored(),
    Describe("The address of the first page, by HTTPS."),
]
Mode = Annotated[SyncMode, Internal(), Describe("How it pulls.")]
Pages = Annotated[Pagination, Internal(), Describe("Where the next page is.")]
ItemType = Annotated[TypeName, Describe("The type of the event that each item becomes.")]
GoneType = Annotated[
    TypeName,
    Describe("Of `FULL`: the type of the events that tell which items are gone; null: it is not told."),
]
ItemsPath = Annotated[
    str,
    Len(1, 200),
    _PATH,
    Internal(),
    Authored(),
    Describe("Where the items are in an answer, as `data.items`; null: the answer is the list of them."),
]
IdPath = Annotated[str, Len(1, 200), _PATH, Internal(), Authored(), Describe("Where an item says its id.")]
TimePath = Annotated[
    str,
    Len(1, 200),
    _PATH,
    Internal(),
    Authored(),
    Describe("Where an item says when it changed; only `FULL` does without it, with the time of the pull."),
]
UserPath = Annotated[
    str,
    Len(1, 200),
    _PATH,
    Internal(),
    Authored(),
    Describe("Where an item names the person that it is about; null: about nobody."),
]
CursorPath = Annotated[
    str,
    Len(1, 200),
    _PATH,
    Internal(),
    Authored(),
    Describe("Where the next cursor is: of `CURSOR` in an answer, of `LAST_ITEM` in an item."),
]
Parameter = Annotated[
    str,
    Len(1, 50),
    Pattern("[A-Za-z0-9_.$-]+", "must be letters, digits and _ . $ -"),
    Internal(),
    Authored(),
    Describe("The query parameter of the cursor, or of the page's number; not of `LINK`."),
]
CronText = Annotated[
    str,
    Len(1, 100),
    ONE_LINE,
    Internal(),
    Authored(),
    Describe("When it pulls, as `30 2 * * *`; not of `REAL_TIME`. Null: only when it is asked to."),
]
Zone = Annotated[
    str, Len(1, 60), Internal(), Requires(require_zone), Describe("The time zone of the schedule.")
]
Seconds = Annotated[
    int,
    Interval(ge=10, le=3_600),
    Internal(),
    Describe("Of `REAL_TIME`: the seconds between two pulls."),
]
Header = Annotated[
    str,
    # Sealed it is longer than what is sent, see `checked_header`.
    Len(1, 12_000),
    ONE_LINE,
    Restricted(),
    Describe("A header that lets it in, as `Authorization: Bearer abc`; sealed, and never shown again."),
]
Cursor = Annotated[
    str,
    Len(1, LONGEST_CURSOR),
    Confidential(),
    Authored(),
    Describe("From where it goes on; null: from the beginning."),
]
NextAt = Annotated[
    datetime | None, Internal(), Describe("When it pulls next by its schedule; null where it has none.")
]
Fault = Annotated[str, Len(1, LONGEST_FAULT), Internal(), Describe("Why a pull came to nothing, in a word.")]
Count = Annotated[int, Interval(ge=0), Internal()]
Round = Annotated[int, Internal(), Describe("How often it was restarted from the beginning.")]
