"""What a refusal is to a worker that takes the rows of files in."""

from domain.kit.process.effects import EffectFailed, EffectRefused
from domain.kit.refusals import Contended, Refusal
from domain.operations.tenants import TenantMoving

LATER = (Contended, TenantMoving)
"""What is refused at this moment, and is let in at another."""


def fault_of(refusal: Refusal) -> EffectFailed | EffectRefused:
    """What a refusal is to a worker: it tries again what is let in later."""
    return (EffectFailed if isinstance(refusal, LATER) else EffectRefused)(refusal.code)
