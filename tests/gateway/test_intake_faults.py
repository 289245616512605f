"""What refusals of the intake are to workers: a reason to try again, or to stand still."""

import pytest

from app.imports.faults import fault_of
from domain.gateway.sources import SourceInactive
from domain.kit.process.effects import EffectFailed, EffectRefused
from domain.kit.refusals import Contended, Refusal
from domain.operations.tenants import TenantMoving


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (Contended(), EffectFailed),
        (TenantMoving(), EffectFailed),
        (SourceInactive(field="source_id"), EffectRefused),
    ],
    ids=["contended", "moving", "inactive"],
)
def test_what_is_let_in_later_is_tried_again(refusal: Refusal, kind: type[Exception]) -> None:
    fault = fault_of(refusal)
    assert (type(fault), str(fault)) == (kind, refusal.code)
