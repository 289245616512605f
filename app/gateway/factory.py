"""What the API of the gateway asks, in one database."""

from app.composition.write_side import WriteSide
from app.gateway.admission import SourceAdmission
from app.gateway.ingestion import Ingestion
from app.gateway.replays import DeadLetterReplay
from app.gateway.schema_checks import SchemaChecks
from app.settings import Settings
from domain.kit.clock import SystemClock, TimeOrderedIds
from projections.gateway.event_schemas import SchemaReader
from projections.kit.read.postgres_reader import PostgresRows


def gateway_ports(settings: Settings, writes: WriteSide, rows: PostgresRows) -> tuple[object, ...]:
    """The intake of events, and the replay of what it rejected."""
    intake = Ingestion(
        writes.bus,
        writes.codec,
        SourceAdmission(rows),
        SchemaChecks(SchemaReader(rows)),
        clock=SystemClock(),
        ids=TimeOrderedIds(),
        rate=settings.ingest_events_per_second,
    )
    return (intake, DeadLetterReplay(intake, rows, writes.ring, writes.bus))
