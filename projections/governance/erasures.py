"""Erasures as they stand, and the certificates of those that are done."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from domain.governance.erasures import Erasure
from domain.kit.fields import Describe, Len
from projections.kit.declare.folds import TIME, carried, on
from projections.kit.model import Index, PostgresView, Row, replace


class ErasureRow(Row):
    """A person who is being forgotten, or was."""

    id: Annotated[UUID, Describe("The erasure's id, derived from the user's.")]
    subject_id: Annotated[UUID, Describe("The id of the erased user; nothing else is left of them.")]
    requested_by: Annotated[UUID, Describe("Who requested it.")]
    requested_at: Annotated[datetime, Describe("When it was requested.")]
    steps: Annotated[tuple[str, ...], Describe("The completed steps.")]
    certified_at: Annotated[datetime | None, Describe("When it was certified; null before.")]
    sha256: Annotated[str, Len(max_length=64), Describe("The certificate's SHA-256 hash; null before.")]
    certificate: Annotated[
        dict[str, Any],
        Describe(
            "The certificate: position, keys, and the evidence of each store after the key was destroyed."
        ),
    ]


class Erasures(PostgresView[ErasureRow], name="governance.erasures", version=1, inline=True):
    """Every erasure of the tenant."""

    indexes = (
        Index("idx_erasures_requested_at", ("requested_at", "id")),
        Index("idx_erasures_running", ("id",), where="sha256 = ''"),
    )

    requested = carried(
        Erasure.Requested,
        first=True,
        requested_at=TIME,
        steps=(),
        certified_at=None,
        sha256="",
        certificate={},
    )

    @on(Erasure.StepDone)
    def step_done(self, row: ErasureRow, event: Erasure.StepDone) -> ErasureRow:
        return replace(row, steps=(*row.steps, event.step))

    @on(Erasure.Certified)
    def certified(self, row: ErasureRow, event: Erasure.Certified) -> ErasureRow:
        stores = zip(event.stores, event.places, event.sealed, event.hashes, strict=True)
        return replace(
            row,
            steps=(*row.steps, "certify"),
            certified_at=event.timestamp,
            sha256=event.sha256,
            certificate={
                "position": event.position,
                "keys": list(event.keys),
                "stores": [
                    {"store": store, "places": places, "sealed": sealed, "sha256": sha256}
                    for store, places, sealed, sha256 in stores
                ],
            },
        )
