"""What a view makes of streams of events, without a store: ``folded(Labels(), on(LABEL, CREATED, RENAMED))``."""

from collections import Counter
from dataclasses import replace
from uuid import UUID

from domain.kit.events import Event
from domain.kit.log import Envelope
from domain.kit.scenario import NOON, On
from projections.kit.declare.folded_rows import fold
from projections.kit.declare.folds import Key
from projections.kit.declare.row import R
from projections.kit.declare.view import View
from tests.domain.envelopes import envelope


def folded(view: View[R], *history: On) -> dict[Key, R]:
    """The rows of one tenant by key, after these events in this order."""
    versions: Counter[UUID] = Counter()
    happened: list[tuple[Event, Envelope]] = []
    for stream in history:
        for event in stream.events:
            versions[stream.id] += 1
            version, position = versions[stream.id], len(happened) + 1
            found = envelope(event.stored_as, position=position, originator_version=version)
            happened.append(
                (event.stamped(stream.id, version, NOON), replace(found, originator_id=stream.id))
            )
    return {key: row for (_, key), row in fold(view, {}, happened).items() if row is not None}
