"""What the API of the gateway asks, in one database."""

from app.composition.write_side import WriteSide
from app.gateway.admission import SourceAdmission
from app.gateway.callbacks import CallbackDoor
from app.gateway.ingestion import Ingestion
from app.gateway.paypal_certificates import PayPalCertificates, known_authorities
from app.gateway.replays import DeadLetterReplay
from app.gateway.schema_checks import SchemaChecks
from app.outgoing.http_client import OutgoingClient
from app.outgoing.webhook_secrets import SealedWebhookSecrets
from app.setting_values import read_ports
from app.settings import Settings
from domain.kit.clock import SystemClock, TimeOrderedIds
from projections.gateway.event_schemas import SchemaReader
from projections.kit.read.postgres_reader import PostgresRows


def gateway_ports(settings: Settings, writes: WriteSide, rows: PostgresRows) -> tuple[object, ...]:
    """The intake of events, the replay of what it rejected, and the door for callbacks."""
    intake = Ingestion(
        writes.bus,
        writes.codec,
        SourceAdmission(rows),
        SchemaChecks(SchemaReader(rows)),
        clock=SystemClock(),
        ids=TimeOrderedIds(),
        rate=settings.ingest_events_per_second,
    )
    outgoing = OutgoingClient(ports=read_ports(settings.outgoing_ports), loopback=settings.outgoing_loopback)
    callbacks = CallbackDoor(
        intake,
        rows,
        SealedWebhookSecrets(settings.derive("webhook secrets")),
        PayPalCertificates(outgoing, known_authorities),
        writes.bus,
        SystemClock(),
    )
    return (intake, DeadLetterReplay(intake, rows, writes.ring, writes.bus), callbacks)
