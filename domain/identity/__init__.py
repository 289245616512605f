"""The manifest of identity in the domain."""

from domain.identity import accounts, api_keys, invitations, resets, roles, sessions, users, verifications
from domain.identity.subjects import SUBJECTS
from domain.kit.context.context import ContextDomain

CONTEXT = ContextDomain(
    package=__name__,
    modules=(
        accounts,
        api_keys,
        invitations,
        resets,
        roles,
        sessions,
        users,
        verifications,
    ),
    subjects=SUBJECTS,
)
