"""What identity keeps about people, and how it is forgotten."""

from domain.identity.account_commands import EraseAccount
from domain.identity.accounts import Account
from domain.identity.invitations import EraseInvitation, Invitation
from domain.identity.user_commands import EraseUser
from domain.identity.users import User
from domain.kit.privacy.subjects import SubjectKind

SUBJECTS = (
    SubjectKind(aggregate=User, erase=EraseUser, gone=(User.Anonymised,), person=True),
    SubjectKind(aggregate=Account, erase=EraseAccount, person=True),
    SubjectKind(aggregate=Invitation, erase=EraseInvitation, named_in=((Invitation.Accepted, "user_id"),)),
)
