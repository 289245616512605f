"""Erasures: how a person is forgotten, step by step, and the certificate that they were."""

from typing import Annotated
from uuid import UUID, uuid5

from domain.kit.fields import Confidential, Describe, Internal, Len, Personal, Purpose
from domain.kit.model import ONE_LINE, Aggregate, Caller, Command, Event, Invalid, Refusal, applies, assigns
from domain.kit.privacy.nobody import is_nobody

_NAMESPACE = UUID("0f6b3a38-7b0e-5d0a-8f39-5f4d6f0b7c22")

SubjectId = Annotated[UUID, Internal(), Describe("The person who is to be forgotten.")]
Reason = Annotated[
    str,
    Len(0, 2_000),
    Confidential(),
    Personal(subject="subject_id"),
    Purpose("To say why, as long as it is not done."),
    Describe("The reason; it is erased with the user."),
]
StepName = Annotated[str, Len(1, 50), ONE_LINE, Internal(), Describe("Which step was done.")]
Names = Annotated[tuple[str, ...], Internal()]
Counts = Annotated[tuple[int, ...], Internal()]


class TenantNeedsAnOwner(Refusal):
    """Make another user an owner first: a tenant must have one."""


class ErasureUnderWay(Refusal):
    """The erasure of this user is requested already, and under way."""


class UserIsErased(Refusal):
    """This user was erased already, and there is a certificate of it."""


class AccountHasTenants(Refusal):
    """Your account belongs to companies: ask each to erase you; your account is erased with the last one."""


def erasure_id(subject_id: UUID) -> UUID:
    """The one erasure of a person in a tenant: nobody is forgotten twice."""
    return uuid5(_NAMESPACE, str(subject_id))


class Erasure(Aggregate, topic="governance.erasure"):
    """That a person is to be forgotten in a tenant. Nothing in it says who they were."""

    class Requested(Event):
        subject_id: SubjectId
        requested_by: Annotated[UUID, Internal()]
        reason: Reason = ""

    class StepDone(Event):
        step: StepName

    class Certified(Event):
        """What was looked at after the key was gone, store by store: the lists are as long as one another."""

        subject_id: SubjectId
        requested_by: Annotated[UUID, Internal()]
        stores: Names
        """What was looked through."""
        places: Counts
        """How many rows, keys, documents or files were looked at in each."""
        sealed: Counts
        """How many sealed texts of the person are left in each, none of which can be opened."""
        hashes: Names
        """SHA-256 of where these are, as the sorted lines ``place/key unreadable``."""
        keys: Names
        """The fingerprints of the keys that were destroyed."""
        position: Annotated[int, Internal()]
        """Up to here every generation of every view had folded the log."""
        sha256: Annotated[str, Internal()]
        """Of all of the above."""

    subject_id: UUID
    requested_by: UUID
    certified: bool = False

    requested = assigns(Requested)

    @applies(Certified)
    def _certified(self, event: Certified) -> None:
        self.certified = True


def require_somebody(subject_id: UUID) -> None:
    """Raise Invalid for what is sealed under no person's key."""
    if is_nobody(subject_id):
        raise Invalid(field="subject_id", reason="stands for nobody, so nobody can be forgotten by it")


class RequestErasure(Command, requires=(require_somebody,)):
    """Have a person forgotten permanently, in this tenant. Its id is the person's `erasure_id`."""

    subject_id: SubjectId
    reason: Reason = ""

    def handle(self, by: Caller) -> Erasure:
        if self.id != erasure_id(self.subject_id):
            raise Invalid(field="id", reason="is not the id of this person's erasure")
        requested = Erasure.Requested(subject_id=self.subject_id, requested_by=by.user_id, reason=self.reason)
        return Erasure.begin(self.id, requested)


class NoteErasureStep(Command):
    """Note that a step of an erasure was done."""

    step: StepName

    def handle(self, erasure: Erasure) -> None:
        erasure.record(Erasure.StepDone(step=self.step))


class CertifyErasure(Command):
    """Note what was found when the person had been forgotten."""

    stores: tuple[str, ...]
    places: tuple[int, ...]
    sealed: tuple[int, ...]
    hashes: tuple[str, ...]
    keys: tuple[str, ...]
    position: int
    sha256: str

    def handle(self, erasure: Erasure) -> None:
        if erasure.certified:
            return
        certified = Erasure.Certified(
            subject_id=erasure.subject_id,
            requested_by=erasure.requested_by,
            stores=self.stores,
            places=self.places,
            sealed=self.sealed,
            hashes=self.hashes,
            keys=self.keys,
            position=self.position,
            sha256=self.sha256,
        )
        erasure.record(certified)
