"""What people say of themselves and what they prefer, shown to those who may see it."""

from uuid import UUID

from api.kit.schema.context import Info
from api.kit.schema.node_types import shows
from domain.identity.authorization import is_own
from domain.identity.preferences import ProfileVisibility
from domain.kit.caller import Caller
from projections.identity.profiles import PreferencesRow, ProfileRow, UserPreferences, UserProfiles


@shows(ProfileRow, needs="users:read", leave_out=("id", "hidden"))
class Profile:
    """A user's profile."""

    avatar_url: str | None


@shows(PreferencesRow, needs="self", leave_out=("user_id",))
class Preferences:
    """A user's preferences."""


async def profile_of(info: Info, id: UUID) -> ProfileRow | None:
    """A person's profile; None when it is not shown to the caller, or is gone."""
    ask = info.context
    if (at := ask.moment(info)) is not None:
        # Who sees it follows from what the person wants now, whatever it said then.
        now, row = await ask.row(UserProfiles, id), await ask.past.row(UserProfiles, (id,), at)
    else:
        if ask.written:
            await ask.reached(UserProfiles, ask.written)
        now = row = await ask.row(UserProfiles, id)
    return row if now is not None and _sees(ask.caller, now) else None


def _sees(caller: Caller, profile: ProfileRow) -> bool:
    if profile.hidden:
        return False
    if is_own(caller, profile.id) or caller.may("users:write"):
        return True
    match profile.visibility:
        case ProfileVisibility.EVERYONE:
            return True
        case ProfileVisibility.TEAM:
            # Guests look on; who may change the work belongs to the team.
            return caller.may("work:write")
        case ProfileVisibility.NOBODY:
            return False


async def preferences_of(info: Info, id: UUID) -> PreferencesRow | None:
    """The caller's own preferences; None for anybody else's."""
    ask = info.context
    if not is_own(ask.caller, id):
        return None
    if (at := ask.moment(info)) is not None:
        return await ask.past.row(UserPreferences, (id,), at)
    if ask.written:
        await ask.reached(UserPreferences, ask.written)
    return await ask.row(UserPreferences, id)
