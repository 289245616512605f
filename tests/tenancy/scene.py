"""Two tenants with things of their own, and everybody who could try to reach the first one's."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
from starlette.routing import Route

from api.schema import schema
from app.composition.write_side import written
from app.entry.asgi import create_app
from app.files.factory import files_of
from app.settings import Settings
from domain.identity.authorization import BaseRole
from domain.identity.registration import RegisterUser
from domain.kit.caller import NOBODY, PLATFORM, Caller
from domain.kit.log import AppendReceipt
from domain.kit.permissions import ROLES
from domain.work.notifications import Channel, NotificationKind, NotifyUser
from tests.detection.discoveries import detected
from tests.kit.processes import until
from tests.kit.product import Product
from tests.kit.times import IN_A_YEAR
from tests.tenancy.actors import Actor
from tests.tenancy.building import Builder
from tests.tenancy.campaigns import compare_variants, import_report
from tests.tenancy.documents import Document, paged
from tests.tenancy.log_ids import all_ids, folded, newest_ids
from tests.tenancy.marks import Marks, marks
from tests.tenancy.searchable_events import schema_of, send_by_key
from tests.tenancy.surface import Root, Surface
from tests.tenancy.sweeping import Sweep
from tests.tenancy.values import Values, cursors_in, texts

SURFACE = Surface(schema._schema)
WORD, OTHER = "zanzibar", "mauritius"
"""What all texts of the first tenant hold, and all of the second's."""
NAME = "madagascar"
"""The first tenant's name, which operators see."""
WHO = ("signed-in owner", "API key", "admin", "member", "guest", "operator", "nobody")
"""Who tries."""
PASSWORD = "correct horse battery staple"


@dataclass
class Tenant:
    """A company that signed up, with one thing of every kind."""

    word: str
    owner: Actor
    """Who signed it up, signed in."""
    service: Actor
    """A service that may do all that its owner may, and what operators may besides."""
    builder: Builder
    email: str
    """What its owner signed up with."""

    @property
    def id(self) -> UUID:
        """Its id."""
        return self.owner.caller.tenant_id

    @property
    def addresses(self) -> list[str]:
        """Every e-mail address that anybody of it was given."""
        inputs = [variables.get("input", {}) for variables in self.builder.accepted.values()]
        return [self.email, *(input["email"] for input in inputs if "email" in input)]


@dataclass
class Scene:
    """All that the tests look at."""

    product: Product
    first: Tenant
    second: Tenant
    actors: list[Actor]
    """Everybody of the second tenant, an operator, and nobody."""
    marks: Marks
    position: str
    """Where the log stood when all was there."""
    cursors: dict[str, str]
    """A cursor of each list that the first tenant's owner can read."""
    ids: dict[str, str]
    """One id of the first tenant of every kind, by the kind's name."""

    @property
    def unnamed(self) -> Marks:
        """What nobody else has named, whatever they tried: `sweep` names the `ids`, and words in texts."""
        return self.marks.without(*self.ids.values())

    operators = PLATFORM
    """The tenant of the operators."""

    @property
    def paths(self) -> list[str]:
        """The paths of the product's routes."""
        return [route.path for route in create_app(self.product.settings).routes if isinstance(route, Route)]

    def actor(self, name: str) -> Actor:
        """One of `WHO`."""
        return next(actor for actor in self.actors if actor.name == name)

    def sweep(self, name: str) -> Sweep:
        """The visit of one of `WHO` to all that is the first tenant's."""
        actor = self.actor(name)
        marks, ids = self.marks, self.ids
        if name == "operator":
            # Where tenants are, and what they are called, is what operators are for.
            marks = marks.without(NAME, str(self.first.id))
            ids = {kind: id for kind, id in ids.items() if id != str(self.first.id)}
        return Sweep(
            SURFACE,
            actor,
            marks,
            ids,
            self.texts
            if name != "operator"
            else {kind: text for kind, text in self.texts.items() if str(self.first.id) not in text},
        )

    @property
    def texts(self) -> dict[str, str]:
        """Texts that name what is the first tenant's."""
        return {
            "the word": WORD,
            **{f"address {number}": address for number, address in enumerate(self.first.addresses)},
            **{f"key of a {kind}": f"TENANT#{self.first.id}#{kind}#{id}" for kind, id in self._kinds()},
            "configuration": f"TENANT#{self.first.id}#CONFIG",
            **{f"stream of {kind}": f"{kind.rpartition('.')[2]}_{id}" for kind, id in self.ids.items()},
            **{f"id of {kind}": id for kind, id in self.ids.items()},
        }

    def _kinds(self) -> list[tuple[str, str]]:
        return [(kind.rpartition(".")[2].upper(), id) for kind, id in self.ids.items()]


def root(name: str, kind: str = "mutation") -> Root:
    """A root field of the product."""
    return next(root for root in SURFACE.roots(kind) if root.name == name)


def service(product: Product, tenant: UUID, user: UUID, role: str, *more: str, name: str = "") -> Actor:
    """A service that may do what a role may, in a tenant."""
    permissions = ROLES[role] | set(more)
    caller = Caller(tenant_id=tenant, user_id=user, permissions=permissions, kind="service")
    return Actor(name or role, product.http, caller, product.token(tenant, user, permissions))


async def signed_up(product: Product, word: str, name: str, like: Tenant | None = None) -> Tenant:
    """A company that has just signed up, filled, with no more than what came of that in another."""
    body = {
        "email": texts("email", word),
        "password": PASSWORD,
        "firstName": word,
        "lastName": word,
        "tenantName": name,
        "tenantSlug": texts("slug", name),
    }
    response = await product.http.post("/auth/register", json=body)
    assert response.status_code == 200, response.text
    given = response.json()
    tenant, user = UUID(given["tenantId"]), UUID(given["accountId"])
    caller = Caller(tenant_id=tenant, user_id=user, permissions=ROLES["owner"])
    owner = Actor("signed-in owner", product.http, caller, given["accessToken"])
    acting = service(product, tenant, user, "owner", "ops:*", name="service")
    company = Tenant(word, owner, acting, Builder(SURFACE, acting, word), body["email"])
    await _fill(product.settings, company, like)
    return company


async def _bytes() -> AsyncIterator[bytes]:
    yield b"{}"


async def _fill(settings: Settings, tenant: Tenant, like: Tenant | None) -> None:
    builder = tenant.builder
    await builder.fill(like.builder if like else None)
    schema, issuing = {"input": schema_of(tenant.word)}, {"id": builder.known["Source"][0], "name": "till"}
    await builder.make(root("registerSchema"), schema)
    key = await builder.make(root("issueSourceKey"), {"input": issuing})
    await send_by_key(tenant.owner.http, key["key"], tenant.word)
    # Somebody is forgotten, and somebody was told something, which only processes see to.
    spare = await builder.make(
        root("registerUser"), {"input": {"email": texts("email", tenant.word), "firstName": tenant.word}}
    )
    erased = {"subjectId": spare["user"]["id"], "reason": tenant.word}
    await builder.make(root("eraseUser"), {"input": erased})
    # Only a person vouches for a webhook.
    builder.owner, acting = tenant.owner, builder.owner
    called = {"name": tenant.word, "url": texts("url", tenant.word), "types": ["work.task.created"]}
    await builder.make(root("registerWebhook"), {"input": called})
    exported = {**called, "kind": "SEGMENT", "mapping": ["title=title"], "credentials": ["writeKey=key"]}
    await builder.make(root("registerDestination"), {"input": exported})
    written_out = {"sourceId": builder.known["Source"][0], "since": "2026-01-01T00:00:00Z", "format": "CSV"}
    await builder.make(root("startEventExport"), {"input": written_out})
    builder.owner = acting
    pulled = {"mode": "FULL", "pagination": "LINK", "eventType": f"{tenant.word}.happened"}
    from_there = {"url": called["url"], "sourceId": builder.known["Source"][0]}
    await builder.make(root("registerConnector"), {"input": {"name": tenant.word, **from_there, **pulled}})
    known = {"tool": "HUBSPOT", "credentials": ["accessToken=key"], "settings": ["since=2026-01-01"]}
    of_tool = {"name": f"{tenant.word} tool", "sourceId": builder.known["Source"][0], **known}
    await builder.make(root("registerToolConnector"), {"input": of_tool})
    counted = {"kind": "COUNT", "eventTypes": [f"{tenant.word}.happened"], "windowSeconds": 60, "least": 2}
    made = await builder.make(root("defineEventPattern"), {"input": {"name": tenant.word, **counted}})
    pattern = UUID(made["eventPattern"]["id"])
    await compare_variants(builder, root, tenant.word)
    await builder.make(root("requestExport"), {"input": {"subjectId": str(tenant.owner.caller.user_id)}})
    async with written(settings) as side:
        file = await files_of(settings, side.ring).store(tenant.id, tenant.word, _bytes(), most=9)
        read = {"fileId": str(file.id), "sourceId": builder.known["Source"][0], "format": "NDJSON"}
        await builder.make(root("startImport"), {"input": read})
        await import_report(builder, root, tenant.word, str(file.id))
        await builder.make(root("startReplayJob"), {"input": {"sourceId": builder.known["Source"][0]}})
        notify = NotifyUser(
            id=uuid4(),
            user_id=tenant.owner.caller.user_id,
            kind=NotificationKind.ASSIGNED,
            task_id=UUID(builder.known["Task"][0]),
            channels=(Channel.IN_APP,),
        )
        for command in (notify, *detected(tenant.word, pattern, UUID(builder.known["AnomalyWatch"][0]))):
            outcome = await side.bus.send(command, by=tenant.service.caller, command_id=uuid4())
            assert isinstance(outcome, AppendReceipt), outcome


async def staged(product: Product) -> Scene:
    """Both tenants, when all views know of them."""
    first = await signed_up(product, WORD, NAME)
    second = await signed_up(product, OTHER, OTHER, like=first)
    actors = [second.owner, await _machine(product, second)]
    for role in ("admin", "member", "guest"):
        created = await second.builder.make(
            root("registerUser"),
            {"input": {"email": texts("email", OTHER), "firstName": OTHER, "role": role.upper()}},
        )
        actors.append(service(product, second.id, UUID(created["user"]["id"]), role))
    actors.append(await _operator(product))
    actors.append(Actor("nobody", product.http, NOBODY))
    connection = await asyncpg.connect(product.settings.database_url)
    try:
        await until(lambda: folded(connection))
        position = str(await connection.fetchval("select max(position) from es.events"))
        owner = first.owner.caller
        ids = await newest_ids(connection, owner)
        ids["schema version"] = first.builder.known["SchemaVersion"][0]
        found = marks((WORD, NAME), await all_ids(connection, owner))
    finally:
        await connection.close()
    return Scene(product, first, second, actors, found, position, await _cursors(first.owner), ids)


async def _operator(product: Product) -> Actor:
    """An operator, who is one of the platform's own people."""
    id = uuid4()
    actor = service(product, PLATFORM, id, "operator")
    registered = RegisterUser(
        id=id, email=texts("email", "olive"), first_name="Olive", last_name="", role=BaseRole.OPERATOR
    )
    async with written(product.settings) as writing:
        outcome = await writing.bus.send(registered, by=actor.caller, command_id=uuid4())
        assert isinstance(outcome, AppendReceipt), outcome
    return actor


async def _machine(product: Product, tenant: Tenant) -> Actor:
    """A machine with an API key of the tenant, which may do what a member may."""
    permissions = sorted(ROLES["member"] - {"self"})
    input = {
        "name": OTHER,
        "permissions": permissions,
        "expiresAt": IN_A_YEAR,
    }
    for expires in (
        input,
        {**input, "expiresAt": tenant.builder.accepted["createApiKey"]["input"]["expiresAt"]},
    ):
        if receipt := await tenant.builder.make(root("createApiKey"), {"input": expires}):
            caller = Caller(
                tenant_id=tenant.id,
                user_id=tenant.owner.caller.user_id,
                permissions=frozenset(permissions),
                kind="key",
            )
            return Actor("API key", product.http, caller, receipt["key"])
    raise AssertionError("no key was made")


async def _cursors(owner: Actor) -> dict[str, str]:
    found = {}
    for root in SURFACE.roots("query"):
        if "after" in root.field.args and owner.granted(root.need):
            document = Document("query")
            arguments = paged(root, Values(WORD, lambda _: []).arguments(root))
            name = document.add(root, arguments, SURFACE.selection(root.shown, owner.granted))
            answer = ((await owner.ask(document.text, document.variables)).get("data") or {}).get(name)
            if cursor := next(cursors_in(answer), None):
                found[root.name] = cursor
    return found
