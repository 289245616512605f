"""The lists of a tenant that are watched, and what is done to one thing in each."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from tests.kit.client import Client
from tests.work.api import project

PAYMENTS = "ops:payments"
_IN_A_YEAR = (datetime.now(UTC) + timedelta(days=365)).isoformat()


@dataclass(frozen=True)
class List:
    """A list that is watched, and what is done to one thing in it."""

    watching: str
    """The published subscription."""
    needs: str
    """The permission to read it."""
    begin: Callable[[Client], Awaitable["Thing"]]
    told: tuple[tuple[str, str], ...]
    """Of each step, ``kind`` and ``change``."""


Step = tuple[str, dict[str, object]]


@dataclass(frozen=True)
class Thing:
    """Something that is made and changed."""

    id: str
    steps: tuple[Step, ...]
    """Mutations with their inputs; the first makes it."""
    narrowed: dict[str, object]
    """The subscription's arguments."""


def _of(*steps: Step, **narrowed: object) -> Callable[[Client], Awaitable[Thing]]:
    """A thing that needs no other: each input is given its id."""

    async def begin(client: Client) -> Thing:
        id = str(uuid4())
        return Thing(id, tuple((name, {"id": id, **input}) for name, input in steps), narrowed)

    return begin


async def person(client: Client) -> Thing:
    """Somebody who comes and leaves, in the list of those who are there."""
    id = str(uuid4())
    email = f"{id}@example.com"
    return Thing(
        id,
        (
            ("RegisterUser", {"id": id, "email": email, "firstName": "Eve", "role": "GUEST"}),
            ("ChangeUserRole", {"id": id, "role": "MEMBER"}),
            ("RemoveUser", {"id": id}),
        ),
        {"filter": {"isMember": {"eq": True}}},
    )


async def _invitation(client: Client) -> Thing:
    id = str(uuid4())
    given: dict[str, object] = {"id": id, "email": f"{id}@example.com", "role": "GUEST"}
    return Thing(id, (("InviteUser", given), ("WithdrawInvitation", {"id": id})), {})


async def _member(client: Client) -> Thing:
    garden, eve = await project(client, "Garden"), str(uuid4())
    await done(client, "RegisterUser", {"id": eve, "email": f"{eve}@example.com", "firstName": "Eve"})
    given: dict[str, object] = {"id": garden, "userId": eve}
    steps = ("AddProjectMember", given), ("RemoveProjectMember", given)
    return Thing(eve, steps, {"projectId": garden})


async def _invoice(client: Client) -> Thing:
    id, number = str(uuid4()), "2030-1"
    period = {"periodStart": "2030-01-01T00:00:00Z", "periodEnd": "2030-02-01T00:00:00Z"}
    await done(client, "StartSubscription", {"id": id, "tier": "basic", **period})
    said: dict[str, object] = {
        "id": id,
        "number": number,
        "amount": "5",
        "currency": "EUR",
        "dueAt": "2030-01-15T00:00:00Z",
    }
    return Thing(number, (("IssueInvoice", said), ("PayInvoice", {"id": id, "number": number})), {})


LISTS = {
    watched.watching: watched
    for watched in (
        List(
            "ProjectChanged",
            "work:read",
            _of(("CreateProject", {"name": "A"}), ("RenameProject", {"name": "B"}), ("DeleteProject", {})),
            (("CREATED", "PROJECT_CREATED"), ("UPDATED", "PROJECT_RENAMED"), ("REMOVED", "PROJECT_DELETED")),
        ),
        List(
            "ProjectMemberChanged",
            "work:read",
            _member,
            (("CREATED", "PROJECT_MEMBER_ADDED"), ("REMOVED", "PROJECT_MEMBER_REMOVED")),
        ),
        List(
            "UserChanged",
            "users:read",
            person,
            (("CREATED", "USER_REGISTERED"), ("UPDATED", "USER_ROLE_CHANGED"), ("REMOVED", "USER_REMOVED")),
        ),
        List(
            "InvitationChanged",
            "users:write",
            _invitation,
            (("CREATED", "INVITATION_SENT"), ("UPDATED", "INVITATION_WITHDRAWN")),
        ),
        List(
            "ApiKeyChanged",
            "keys:read",
            _of(
                (
                    "CreateApiKey",
                    {"name": "robot", "permissions": ["work:read"], "expiresAt": _IN_A_YEAR},
                ),
                ("RevokeApiKey", {}),
            ),
            (("CREATED", "API_KEY_CREATED"), ("UPDATED", "API_KEY_REVOKED")),
        ),
        List(
            "RoleChanged",
            "users:read",
            _of(
                ("CreateRole", {"name": "Reader", "permissions": ["work:read"]}),
                ("ChangeRole", {"name": "Writer", "permissions": ["work:read"]}),
                ("DeleteRole", {}),
            ),
            (("CREATED", "ROLE_CREATED"), ("UPDATED", "ROLE_CHANGED"), ("REMOVED", "ROLE_DELETED")),
        ),
        List(
            "FeatureFlagChanged",
            "tenant:read",
            _of(
                ("AddFeatureFlag", {"featureName": "search.new", "enabled": True}),
                ("SetFeatureFlag", {"enabled": False}),
                ("RemoveFeatureFlag", {}),
            ),
            (
                ("CREATED", "FEATURE_FLAG_ADDED"),
                ("UPDATED", "FEATURE_FLAG_CHANGED"),
                ("REMOVED", "FEATURE_FLAG_REMOVED"),
            ),
        ),
        List(
            "InvoiceChanged",
            "billing:read",
            _invoice,
            (("CREATED", "SUBSCRIPTION_INVOICE_ISSUED"), ("UPDATED", "SUBSCRIPTION_INVOICE_PAID")),
        ),
    )
}


async def done(client: Client, mutation: str, input: dict[str, object]) -> int:
    """The position of a mutation that is carried out."""
    receipt = await client.send(mutation, input=input)
    assert "position" in receipt, receipt
    return int(receipt["position"])
