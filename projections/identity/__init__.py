"""The manifest of identity among the views."""

from domain.identity.users import User
from projections.identity import (
    admission,
    auth_accounts,
    auth_resets,
    auth_sessions,
    export_parts,
    memberships,
    people,
    person_sessions,
    profiles,
    users,
)
from projections.kit.context.context import ContextViews
from projections.kit.context.visibility import ContextVisibility, Shown

CONTEXT = ContextViews(
    package=__name__,
    modules=(
        admission,
        auth_accounts,
        auth_resets,
        auth_sessions,
        memberships,
        people,
        profiles,
        users,
    ),
    platform_readers=(lambda reading: person_sessions.PersonSessions(reading.rows),),
    twins={profiles.UserProfiles: profiles.ProfileCards},
    visibility=ContextVisibility(
        members=memberships.Memberships,
        shown=(Shown(aggregate=User, view=people.People, needs="users:read"),),
    ),
    exports=export_parts.EXPORTS,
    not_exported={
        people.People: "Shows again what stands in `personal_data`.",
        users.FlatUsers: "Shows again what stands in `personal_data`.",
        profiles.ProfileCards: "Shows again what stands in `personal_data.profile`.",
        auth_sessions.Sessions: "Shows again what stands in `additional_data.sessions`, with hashes of tokens.",
    },
)
