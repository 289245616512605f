"""Erasures as they stand, and the certificates of those that are done."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from domain.governance.erasures import Erasure
from domain.kit.fields import Describe, Len
from projections.kit.postgres import Index, PostgresView
from projections.kit.replacing import replace
from projections.kit.view import on


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRow:
    """A person who is being forgotten, or was."""

    id: Annotated[UUID, Describe("The erasure's id, which follows from the person's.")]
    subject_id: Annotated[UUID, Describe("Who is forgotten: an id, and nothing else is left.")]
    requested_by: Annotated[UUID, Describe("Who asked for it.")]
    requested_at: Annotated[datetime, Describe("When it was asked for.")]
    steps: Annotated[tuple[str, ...], Describe("The steps that are done.")]
    certified_at: Annotated[datetime | None, Describe("When it was found to be done; empty before.")]
    sha256: Annotated[str, Len(max_length=64), Describe("The certificate's hash; empty before.")]
    certificate: Annotated[
        dict[str, Any],
        Describe("What was looked at after the key was gone: position, keys, and each store's evidence."),
    ]


class Erasures(PostgresView[ErasureRow], name="governance.erasures", version=1, inline=True):
    """Every erasure of the tenant."""

    indexes = (
        Index("idx_erasures_requested_at", ("requested_at", "id")),
        Index("idx_erasures_running", ("id",), where="sha256 = ''"),
    )

    @on(Erasure.Requested)
    def requested(self, row: None, event: Erasure.Requested) -> ErasureRow:
        return ErasureRow(
            id=event.originator_id,
            subject_id=event.subject_id,
            requested_by=event.requested_by,
            requested_at=event.timestamp,
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
