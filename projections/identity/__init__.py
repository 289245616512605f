"""The views of identity."""

from projections.identity.admission import ApiKeys, Invitations
from projections.identity.auth_accounts import Accounts
from projections.identity.auth_resets import PasswordResets
from projections.identity.auth_sessions import Sessions, UserSessions
from projections.identity.memberships import Memberships, Roles, UserRoles
from projections.identity.people import People
from projections.identity.profiles import ProfileCards, UserPreferences, UserProfiles
from projections.identity.users import FlatUsers, Users

VIEWS = (
    People,
    Users,
    FlatUsers,
    UserProfiles,
    ProfileCards,
    UserPreferences,
    Memberships,
    Roles,
    UserRoles,
    Invitations,
    ApiKeys,
    Accounts,
    Sessions,
    UserSessions,
    PasswordResets,
)
