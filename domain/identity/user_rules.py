"""The statuses of a person, and the reasons why a command about a person is refused."""

from datetime import timedelta
from enum import StrEnum

from domain.kit.refusals import Refusal

ANONYMISED_AFTER = timedelta(days=30)
"""How long a deleted person's data are kept (GOV-16)."""


class UserStatus(StrEnum):
    """The status of a user in the tenant."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    """On leave: they can do nothing in the tenant until they are reactivated."""
    SUSPENDED = "suspended"
    """They can do nothing in the tenant until they are reactivated."""
    DELETED = "deleted"
    """They can be taken back for 30 days; then their data are made anonymous."""


class UserIsDeleted(Refusal):
    """This user was deleted."""


class UserNotAMember(Refusal):
    """This user no longer belongs to the tenant."""


class UserIsSuspended(Refusal):
    """This user is suspended."""


class UserIsAMember(Refusal):
    """This user belongs to the tenant already."""


class UserHasStatus(Refusal):
    """This user is {status} already."""


class RoleAlreadyGranted(Refusal):
    """This user has the role already."""


class RoleNotGranted(Refusal):
    """This user does not have the role."""


class OwnerMustRemain(Refusal):
    """A tenant needs an owner: name another active owner who remains."""


class TooEarlyToAnonymise(Refusal):
    """A user is anonymised 30 days after they were deleted, not earlier."""
