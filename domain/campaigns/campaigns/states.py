"""The states of a campaign: one table says what leads from which to which, and why what is refused is refused."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from domain.kit.model import Refusal


class CampaignStatus(StrEnum):
    """The status of a campaign."""

    DRAFT = "draft"
    """It is prepared, and can be changed."""
    SCHEDULED = "scheduled"
    """It starts by itself."""
    SENDING = "sending"
    PAUSED = "paused"
    """It was started, and sends nothing at the moment."""
    COMPLETED = "completed"
    """Everybody was written to."""
    CANCELLED = "cancelled"
    """It sends nothing more."""


class CampaignAct(StrEnum):
    """What happens to a campaign."""

    CHANGE = "change"
    SCHEDULE = "schedule"
    UNSCHEDULE = "unschedule"
    """It becomes a draft again."""
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    COMPLETE = "complete"
    CANCEL = "cancel"


class CampaignIsScheduled(Refusal):
    """This campaign is scheduled; make it a draft again to change it."""


class CampaignNotScheduled(Refusal):
    """This campaign is not scheduled."""


class CampaignWasStarted(Refusal):
    """This campaign was started, so what it sends and when it starts cannot be changed."""


class CampaignNotStarted(Refusal):
    """This campaign was not started yet."""


class CampaignIsPaused(Refusal):
    """This campaign is paused; resume it to go on."""


class CampaignNotPaused(Refusal):
    """This campaign is not paused."""


class CampaignIsCompleted(Refusal):
    """This campaign is completed."""


class CampaignIsCancelled(Refusal):
    """This campaign is cancelled."""


class CampaignHasNoLists(Refusal):
    """This campaign is sent to nobody: say to which lists."""


class VariantsNotSent(Refusal):
    """A campaign with variants cannot be sent yet; remove them to send it."""


Next = CampaignStatus | type[Refusal]
_Row = Mapping[CampaignAct, Next]
_S = CampaignStatus


def _row(default: type[Refusal], **others: Next) -> _Row:
    """What follows after each act: this refusal, unless another is said."""
    return {act: others.get(act.value, default) for act in CampaignAct}


TRANSITIONS: Mapping[CampaignStatus, _Row] = MappingProxyType(
    {
        _S.DRAFT: _row(
            CampaignNotStarted,
            change=_S.DRAFT,
            schedule=_S.SCHEDULED,
            unschedule=CampaignNotScheduled,
            start=_S.SENDING,
            cancel=_S.CANCELLED,
        ),
        _S.SCHEDULED: _row(
            CampaignNotStarted,
            change=CampaignIsScheduled,
            schedule=_S.SCHEDULED,
            unschedule=_S.DRAFT,
            start=_S.SENDING,
            cancel=_S.CANCELLED,
        ),
        _S.SENDING: _row(
            CampaignWasStarted,
            pause=_S.PAUSED,
            resume=CampaignNotPaused,
            complete=_S.COMPLETED,
            cancel=_S.CANCELLED,
        ),
        _S.PAUSED: _row(
            CampaignWasStarted,
            start=CampaignIsPaused,
            pause=CampaignIsPaused,
            resume=_S.SENDING,
            complete=_S.COMPLETED,
            cancel=_S.CANCELLED,
        ),
        _S.COMPLETED: _row(CampaignIsCompleted),
        _S.CANCELLED: _row(CampaignIsCancelled),
    }
)
"""By status and act, the status after it, or the refusal."""


def after(status: CampaignStatus, act: CampaignAct) -> CampaignStatus:
    """The status after an act. Raises the refusal of one that is not allowed."""
    following = TRANSITIONS[status][act]
    if isinstance(following, CampaignStatus):
        return following
    raise following(field="id")
