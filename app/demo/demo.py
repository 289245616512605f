"""The demo: two companies with people in every role, whose history is made by the real commands."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from pyotp.totp import TOTP

from app.auth.credentials.passwords import Passwords
from app.composition.write_side import WriteSide, written
from app.contexts import VIEWS
from app.demo.narration import demo_bus, now, send, tell
from app.demo.story import DAYS, Company
from app.gateway.factory import gateway_ports
from app.outgoing.webhook_secrets import SealedWebhookSecrets
from app.placement.fence import is_away
from app.placement.tenant_service import TenantService
from app.processes.lease import enroll
from app.settings import Settings
from domain.commerce.orders import Order
from domain.gateway.outcomes import EventIntake
from domain.gateway.webhook_commands import RegisterWebhook, ReplayWebhook
from domain.gateway.webhook_signature import new_secret
from domain.identity.account_commands import (
    ConfirmSecondFactor,
    JoinTenant,
    OpenAccount,
    SetSecondFactor,
)
from domain.identity.authorization import BaseRole
from domain.identity.registration import RegisterUser
from domain.identity.user_commands import ConfirmUserEmail
from domain.kit.bus.bus import Bus
from domain.kit.caller import ACCOUNTS, PLATFORM, SYSTEM, Caller
from domain.kit.log import Log, Selection
from domain.kit.permissions import ROLES
from domain.processes.webhooks.deliveries import WebhookDeliveries
from projections.kit.read.live_generations import pointers
from projections.kit.read.postgres_reader import PostgresRows

BRIGHT = Company(
    id=UUID("0d0e0f00-0000-4000-8000-000000000001"),
    name="Brightside Goods",
    slug="brightside",
    people=20,
    projects=40,
    tasks=5_000,
    orders=1_900,
    contacts=300,
    batches=90,
    tier="business",
    fee=Decimal("199.00"),
)
SMALL = Company(
    id=UUID("0d0e0f00-0000-4000-8000-000000000002"),
    name="Northwind Bakery",
    slug="northwind",
    people=6,
    projects=6,
    tasks=120,
    orders=100,
    contacts=40,
    batches=30,
    tier="team",
    fee=Decimal("49.00"),
    first=20,
)
COMPANIES = (BRIGHT, SMALL)
OPERATOR = "operator@platform.example.com"
_OPERATOR = uuid5(PLATFORM, "demo operator")
_TOLD = uuid5(_OPERATOR, "confirmed")
"""The id of the demo's last command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSignIn:
    """Somebody of the demo who can sign in."""

    email: str
    role: BaseRole
    company: str
    factor: str = ""
    """The key of the second factor, where one is asked for."""


def password(settings: Settings) -> str:
    """The password of everybody in the demo; each data folder has its own."""
    return settings.derive("demo password")[:16]


def sign_ins(settings: Settings) -> list[DemoSignIn]:
    """Who can sign in: of each company one in every role, and an operator of the platform."""
    people = [
        DemoSignIn(email=company.email(number), role=company.role(number), company=company.name)
        for company in COMPANIES
        for number in _signing(company)
    ]
    factor = _factor(settings)
    return [
        *people,
        DemoSignIn(email=OPERATOR, role=BaseRole.OPERATOR, company="the platform", factor=factor),
    ]


async def is_there(log: Log) -> bool:
    """Whether the log has the whole demo."""
    return await log.receipt(ACCOUNTS, _TOLD) is not None


async def ensure_demo(settings: Settings) -> None:
    """Make the demo in a log that has none or half of it; a log that others have begun is left alone."""
    async with written(settings) as side, pointers(side.database.writer, VIEWS) as live:
        log = side.log
        if await log.receipt(ACCOUNTS, _TOLD):
            return
        events = await log.read(limit=1, select=Selection(tenant_id=BRIGHT.id))
        told_here = events or await is_away(side.database.writer, BRIGHT.id)
        if told_here or await log.head() == 0:
            ports = gateway_ports(settings, side, PostgresRows(side.database, live))
            intake = next(port for port in ports if isinstance(port, EventIntake))
            companies = list[Company]()
            for company in COMPANIES:
                if await is_away(side.database.writer, company.id):
                    continue  # Its story was told before it was moved, and goes on where it is.
                size = min(company.tasks, settings.demo_tasks)
                orders = company.orders * size // company.tasks
                batches = company.batches * size // company.tasks
                contacts = company.contacts * size // company.tasks
                scaled = replace(company, tasks=size, orders=orders, batches=batches, contacts=contacts)
                await tell(log, side.codec, scaled, intake=intake)
                desk = TenantService(settings, side.database, side.bus)
                await desk.adopt(company.id, company.name, company.slug)
                companies.append(scaled)
            # What sends to webhooks reacts to what comes after it is known, which the stories need not be.
            await enroll(side.database.writer, WebhookDeliveries)
            for company in companies:
                await _register_webhook(settings, side, company)
            await _open_doors(settings, side)


async def _register_webhook(settings: Settings, side: WriteSide, company: Company) -> None:
    """Give it a webhook that nobody answers, and send it about ten of the last orders."""
    id = uuid5(company.id, "webhook")
    commands = [uuid5(company.id, f"webhook {done}") for done in ("registered", "replayed")]
    known = await side.log.receipts(company.id, commands)
    if not company.orders or len(known) == len(commands):
        return
    at = datetime.now(UTC)
    now.set(at)
    bus = demo_bus(side.log, side.codec)
    by = Caller(tenant_id=company.id, user_id=company.person(0), permissions=ROLES["owner"])
    secrets = SealedWebhookSecrets(settings.derive("webhook secrets"))
    registered = RegisterWebhook(
        id=id,
        name="Delivery company",
        url="https://deliveries.example.com/orders",
        types=(Order.Placed.stored_as,),
        secret=secrets.seal(id, new_secret()),
    )
    # Sealed again, its secret would make another command.
    if commands[0] not in known:
        await send(bus, registered, by, commands[0])
    replayed = ReplayWebhook(id=id, since=at - 10 * timedelta(days=DAYS) / company.orders)
    await send(bus, replayed, by, commands[1])


async def _open_doors(settings: Settings, side: WriteSide) -> None:
    """Give those who can sign in their accounts."""
    now.set(datetime.now(UTC))
    bus = demo_bus(side.log, side.codec)
    passwords = Passwords()
    try:
        hashed = await passwords.hash(password(settings))
    finally:
        passwords.close()
    for company in COMPANIES:
        for number in _signing(company):
            id = company.person(number)
            await _account(bus, id, company.email(number), company.names(number), hashed, company.id)
    by = Caller(tenant_id=PLATFORM, user_id=_OPERATOR, permissions=ROLES["operator"])
    names = ("Olive", "Operator")
    registered = RegisterUser(
        id=_OPERATOR, email=OPERATOR, first_name=names[0], last_name=names[1], role=BaseRole.OPERATOR
    )
    await send(bus, registered, by, uuid5(_OPERATOR, "user"))
    await _account(bus, _OPERATOR, OPERATOR, names, hashed, PLATFORM)
    by = Caller(tenant_id=ACCOUNTS, user_id=_OPERATOR)
    secret = SetSecondFactor(id=_OPERATOR, secret=_factor(settings), recovery_hashes=())
    await send(bus, secret, by, uuid5(_OPERATOR, "factor"))
    await send(bus, ConfirmSecondFactor(id=_OPERATOR), by, _TOLD)


async def _account(
    bus: Bus, id: UUID, email: str, names: tuple[str, str], hashed: str, tenant_id: UUID
) -> None:
    by = Caller(tenant_id=ACCOUNTS, user_id=id)
    opened = OpenAccount(
        id=id,
        email=email,
        first_name=names[0],
        last_name=names[1],
        password_hash=hashed,
        email_verified=True,
        registration_source="demo",
    )
    if await bus.log.receipt(ACCOUNTS, uuid5(id, "account")) is None:
        # Hashing with another salt makes another command.
        await send(bus, opened, by, uuid5(id, "account"))
        # No link was mailed to them, and without this they would get no mail about their work either.
        system = Caller(tenant_id=tenant_id, user_id=SYSTEM)
        await send(bus, ConfirmUserEmail(id=id), system, uuid5(id, "proved"))
    await send(bus, JoinTenant(id=id, tenant_id=tenant_id), by, uuid5(id, "joined"))


def _signing(company: Company) -> Sequence[int]:
    return 0, 1, 2, company.people - 1


def _factor(settings: Settings) -> str:
    """A key of 32 characters of base32, which has no digits 0, 1, 8 and 9."""
    return settings.derive("demo second factor")[:32].translate(_BASE32).upper()


def code(settings: Settings) -> str:
    """The operator's code of this half minute."""
    return TOTP(_factor(settings)).now()


_BASE32 = str.maketrans("0189", "ghij")
