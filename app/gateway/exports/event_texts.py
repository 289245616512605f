"""How files hold events: as lines of CSV, as objects in lines, or as columns. What is read of them again by an
import are the same events."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from importlib.util import find_spec
from typing import Any, Protocol

from app.imports.cell_texts import shielded
from domain.gateway.exports.event_exports import ExportFormat, ExportFormats

TEXTS = ("eventId", "eventType", "eventSource", "version", "correlationId", "userId", "sessionId")
PLACES = ("environment", "region")
COLUMNS = (*TEXTS, *PLACES, "timestamp", "payload", "metadata")

# The payloads of events are JSON of any shape.
EventRecord = Mapping[str, Any]


class ParquetMissing(Exception):
    """The extra that writes Parquet is not installed."""


class EventText(Protocol):
    """Writes a file, some events at a time."""

    def add(self, events: Iterable[EventRecord]) -> bytes:
        """The bytes that follow."""
        ...

    def end(self) -> bytes:
        """The last bytes."""
        ...


class CsvText(EventText):
    """A line for each event, under the names of the columns; payload and metadata as JSON text. No cell begins as
    a formula of a table program."""

    def __init__(self) -> None:
        self._begun = False

    def add(self, events: Iterable[EventRecord]) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text)
        if not self._begun:
            writer.writerow(COLUMNS)
            self._begun = True
        for event in events:
            flat = _flat(event)
            writer.writerow([shielded(flat[name] or "") for name in COLUMNS])
        return text.getvalue().encode()

    def end(self) -> bytes:
        return b"" if self._begun else self.add(())


class JsonText(EventText):
    """An object in each line, as the event would be sent again."""

    def add(self, events: Iterable[EventRecord]) -> bytes:
        return b"".join(json.dumps(_sent(event), ensure_ascii=False).encode() + b"\n" for event in events)

    def end(self) -> bytes:
        return b""


class _Sink(io.RawIOBase):
    """Holds what was written and is not taken yet."""

    def __init__(self) -> None:
        self.held, self._written = bytearray(), 0

    def writable(self) -> bool:
        return True

    # A buffer of any type.
    def write(self, given: Any) -> int:
        piece = bytes(given)
        self.held += piece
        self._written += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._written


class ParquetText(EventText):
    """Columns, by ``pyarrow``, an extra of this package; payload and metadata as JSON text."""

    def __init__(self) -> None:
        """Raises ParquetMissing."""
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            raise ParquetMissing from None
        self._arrow, self._sink = pyarrow, _Sink()
        times = [("timestamp", pyarrow.timestamp("us", tz="UTC"))]
        texts = [(name, pyarrow.string()) for name in COLUMNS if name != "timestamp"]
        self._schema = pyarrow.schema([*times, *texts])
        self._writer = pyarrow.parquet.ParquetWriter(self._sink, self._schema)

    def add(self, events: Iterable[EventRecord]) -> bytes:
        rows = [{**_flat(event), "timestamp": event["timestamp"]} for event in events]
        self._writer.write_table(self._arrow.Table.from_pylist(rows, schema=self._schema))
        return self._taken()

    def end(self) -> bytes:
        self._writer.close()
        return self._taken()

    def _taken(self) -> bytes:
        taken = bytes(self._sink.held)
        self._sink.held.clear()
        return taken


TEXTS_OF: Mapping[ExportFormat, Callable[[], EventText]] = {
    ExportFormat.CSV: CsvText,
    ExportFormat.NDJSON: JsonText,
    ExportFormat.PARQUET: ParquetText,
}


class InstalledFormats(ExportFormats):
    """Those whose libraries are installed."""

    def writes(self, format: ExportFormat) -> bool:
        return format is not ExportFormat.PARQUET or find_spec("pyarrow") is not None


def _flat(event: EventRecord) -> dict[str, str | None]:
    """An event as texts."""
    parts = {
        name: None if event[name] is None else json.dumps(event[name], ensure_ascii=False)
        for name in ("payload", "metadata")
    }
    return {**{name: event[name] for name in (*TEXTS, *PLACES)}, "timestamp": _time(event), **parts}


def _sent(event: EventRecord) -> dict[str, Any]:
    known = {name: event[name] for name in (*TEXTS, *PLACES) if event[name] is not None}
    data = {name: event[name] for name in ("payload", "metadata") if event[name] is not None}
    return {**known, "timestamp": _time(event), **({"data": data} if data else {})}


def _time(event: EventRecord) -> str:
    at: datetime = event["timestamp"]
    return at.isoformat().replace("+00:00", "Z")
