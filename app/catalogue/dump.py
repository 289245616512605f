"""A copy of the data that is fit for non-production: JSON lines with pseudonyms, written as the data are read."""

import os
import shutil
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import orjson

from app.catalogue.masked_dump import EventMask, Pseudonyms, RowMask
from app.contexts import VIEWS
from app.log.postgres import PostgresLog
from app.settings import Settings
from app.storage.database import Database
from domain.kit.log import Envelope, Selection
from domain.kit.sealed import Opening, PlainOpening, is_sealed
from projections.kit.declare.postgres import PostgresView

_PAGE = 1_000
_FACTS = (
    "position",
    "tenant_id",
    "topic",
    "originator_id",
    "originator_version",
    "event_id",
    "type",
    "version",
)
_REST = (
    "timestamp",
    "command_id",
    "correlation_id",
    "causation_id",
    "user_id",
    "source",
    "environment",
    "region",
)


async def dump(
    settings: Settings,
    out: Path,
    *,
    tenants: Sequence[UUID] | None = None,
    parts: frozenset[str] = frozenset({"events", "views"}),
    opening: Opening | None = None,
    counts: dict[str, int] | None = None,
) -> dict[str, int]:
    """Fill the folder ``out``, which must not exist, and answer how many lines each file has.

    Redis and search hold what follows from the same events, so their rows are not in it. ``opening`` lets
    equal sealed texts that carry no fingerprint get equal pseudonyms; without it they get different ones.
    ``counts`` is filled file by file, for whoever looks meanwhile. The folder appears under its name when it is
    whole. Raises FileExistsError when there is one already.
    """
    # A command line's own loop, in which nothing else waits: its files are written as they come.
    if out.exists():  # noqa: ASYNC240
        raise FileExistsError(f"{out} is there already.")
    making = out.with_name(f".{out.name}.part")
    making.mkdir(mode=0o700, parents=True)
    (making / "views").mkdir(mode=0o700)
    dumping = _Dumping(opening or PlainOpening())
    counts = {} if counts is None else counts
    try:
        database = await Database.open(settings.database_url, secret=settings.secret, writers=2, readers=1)
        try:
            if "events" in parts:
                name = "events.jsonl"
                counts[name] = await _write(making / name, dumping.events(database, tenants))
            for view in VIEWS if "views" in parts else ():
                if issubclass(view, PostgresView):
                    name = f"views/{view.name}.jsonl"
                    counts[name] = await _write(making / name, dumping.rows(database, view, tenants))
        finally:
            await database.close()
        with _new(making / "counts.json") as file:
            file.write(orjson.dumps(counts, option=orjson.OPT_INDENT_2))
        making.rename(out)
    except BaseException:
        shutil.rmtree(making)
        raise
    return counts


def _new(file: Path) -> BinaryIO:
    """A file that only its owner reads."""
    return open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


async def _write(file: Path, pages: AsyncGenerator[list[dict[str, Any]], None]) -> int:
    count = 0
    with _new(file) as lines:
        async with aclosing(pages):
            async for page in pages:
                lines.writelines(
                    orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE, default=str) for line in page
                )
                count += len(page)
    return count


_GONE = "select tenant_id from placement.away where hidden"
"""What tenants left behind that were moved away is nobody's to read."""


class _Dumping:
    """One dump: its pseudonyms, and how sealed texts are opened for them."""

    def __init__(self, opening: Opening) -> None:
        self._pseudonyms = Pseudonyms()
        self._mask = EventMask(self._pseudonyms)
        self._opening = opening

    async def events(
        self, database: Database, tenants: Sequence[UUID] | None
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        """Pages of events, tenant by tenant when tenants are named; memory stays flat."""
        log = PostgresLog(database)
        gone = {row["tenant_id"] for row in await database.writer.fetch(_GONE)}
        try:
            for tenant_id in tenants or (None,):
                async with aclosing(log.copy_out(select=Selection(tenant_id=tenant_id))) as pages:
                    async for page in pages:
                        if here := [event for event in page if event.tenant_id not in gone]:
                            yield await self._events(here)
        finally:
            await log.close()

    async def _events(self, page: list[Envelope]) -> list[dict[str, Any]]:
        payloads = await self._open(
            [(event.tenant_id, orjson.loads(event.payload)) for event in page],
        )
        return [
            {
                **{name: getattr(event, name) for name in (*_FACTS, *_REST)},
                "session_id": self._pseudonyms.of("session_id", event.session_id),
                "payload": self._mask.payload(event.type, orjson.dumps(payload)),
                "metadata": {
                    name: self._pseudonyms.of(name, value)
                    for name, value in orjson.loads(event.metadata).items()
                },
            }
            for event, payload in zip(page, payloads, strict=True)
        ]

    async def rows(
        self, database: Database, view: type[PostgresView[Any]], tenants: Sequence[UUID] | None
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        """Pages of a view's rows, as of one moment."""
        mask = RowMask(view, self._pseudonyms)
        schema, _, table = view.name.partition(".")
        sql = f'select to_jsonb(t)::text as row from "{schema}"."{table}" t'
        sql += f" where tenant_id not in ({_GONE})"
        sql += " and tenant_id = any($1)" if tenants else ""
        async with database.writer.acquire() as connection:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                cursor = await connection.cursor(sql, *([list(tenants)] if tenants else []))
                while records := await cursor.fetch(_PAGE):
                    rows = [orjson.loads(record["row"]) for record in records]
                    opened = await self._open([(UUID(row["tenant_id"]), row) for row in rows])
                    yield [mask.row(row) for row in opened]

    async def _open(self, rows: Iterable[tuple[UUID, dict[str, Any]]]) -> list[dict[str, Any]]:
        """The same with sealed texts opened, each tenant's in one call."""
        rows = list(rows)
        plain: dict[UUID, dict[str, str]] = {}
        for tenant_id, values in rows:
            plain.setdefault(tenant_id, {}).update((text, text) for text in _sealed(values))
        for tenant_id, texts in plain.items():
            if texts:
                plain[tenant_id] = await self._plain(tenant_id, list(texts))
        return [_replaced(values, plain[tenant_id]) for tenant_id, values in rows]

    async def _plain(self, tenant_id: UUID, texts: list[str]) -> dict[str, str]:
        """Each text opened; one that cannot be is left as it is, and gets a pseudonym all the same."""
        try:
            return dict(zip(texts, await self._opening.open(tenant_id, texts), strict=True))
        except ValueError:
            if len(texts) == 1:
                return {texts[0]: texts[0]}
        return {
            text: plain
            for single in texts
            for text, plain in (await self._plain(tenant_id, [single])).items()
        }


# Values are whatever JSON holds, hence Any.
def _sealed(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if is_sealed(value) else []
    inner: Iterable[Any] = (
        value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    )
    return [text for item in inner for text in _sealed(item)]


def _replaced(value: Any, texts: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return texts.get(value, value)
    if isinstance(value, Mapping):
        return {name: _replaced(item, texts) for name, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, texts) for item in value]
    return value
