"""Who appears in the tests of people, with which permissions they ask, and what a view shows of them."""

from typing import Any
from uuid import UUID

from domain.identity.authorization import BaseRole
from domain.identity.users import User
from domain.kit.caller import Caller
from domain.kit.events import Event
from domain.kit.permissions import ROLES
from domain.kit.scenario import on
from projections.kit.declare.view import View
from tests.kit.folding import folded

TENANT = UUID("00000000-0000-7000-8000-0000000000aa")
ANNA = UUID("00000000-0000-7000-8000-00000000000d")
BEN = UUID("00000000-0000-7000-8000-00000000000e")
ROLE = UUID("00000000-0000-7000-8000-00000000000f")
INVITATION = UUID("00000000-0000-7000-8000-000000000010")
KEY = UUID("00000000-0000-7000-8000-000000000011")
HASH = "0123456789abcdef" * 4
SEALED = "hw1.0000000000000000000000000000000d.1.0a1b.c2VhbGVk"


def registered(role: BaseRole = BaseRole.MEMBER) -> User.Registered:
    """Somebody became known."""
    return User.Registered(email="anna@example.com", first_name="Anna", last_name="Berg", role=role)


def row(view: View[Any], *events: Event, id: Any = ANNA) -> Any:
    """The one row that is there after these events on one stream; None when there is none."""
    rows = folded(view, on(id, *events))
    assert len(rows) <= 1
    return next(iter(rows.values()), None)


def caller(role: str, user: UUID = BEN, *more: str, tenant: UUID = TENANT) -> Caller:
    """Somebody who asks with a role's permissions and some more."""
    return Caller(tenant_id=tenant, user_id=user, permissions=ROLES[role] | set(more))


OWNER, ADMIN, MEMBER, GUEST = (caller(role) for role in ("owner", "admin", "member", "guest"))
