"""The demo: two companies with people in every role, whose history is made by the real commands."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from pyotp.totp import TOTP

from app.auth.credentials.passwords import Passwords
from app.composition.write_side import written
from app.demo.story import DAYS, Company, StoryStep, story
from app.placement.fence import is_away
from app.placement.tenant_service import TenantService
from app.settings import Settings
from domain.commerce import order_commands
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
from domain.kit.clock import TimeOrderedIds
from domain.kit.codec import Codec
from domain.kit.commands import Command
from domain.kit.log import AppendReceipt, Log, Selection
from domain.kit.permissions import ROLES
from domain.work import task_commands

BRIGHT = Company(
    id=UUID("0d0e0f00-0000-4000-8000-000000000001"),
    name="Brightside Goods",
    slug="brightside",
    people=20,
    projects=40,
    tasks=5_000,
    orders=1_900,
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
    tier="team",
    fee=Decimal("49.00"),
    first=20,
)
COMPANIES = (BRIGHT, SMALL)
OPERATOR = "operator@platform.example.com"
_OPERATOR = uuid5(PLATFORM, "demo operator")
_TOLD = uuid5(_OPERATOR, "confirmed")
"""The id of the demo's last command."""
_TOGETHER = 500
_AT_ONCE = {order_commands.__name__, task_commands.__name__}
"""The modules whose commands are sent while others are under way."""
_now: ContextVar[datetime] = ContextVar("demo_now")


class DemoClock:
    """Says the moment that the story has come to, separately in each running command; it never goes back."""

    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        self._last = max(self._last, _now.get())
        return self._last


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
    async with written(settings) as side:
        log, codec = side.log, side.codec
        if await log.receipt(ACCOUNTS, _TOLD):
            return
        events = await log.read(limit=1, select=Selection(tenant_id=BRIGHT.id))
        told_here = events or await is_away(side.database.writer, BRIGHT.id)
        if told_here or await log.head() == 0:
            for company in COMPANIES:
                if await is_away(side.database.writer, company.id):
                    continue  # Its story was told before it was moved, and goes on where it is.
                size = min(company.tasks, settings.demo_tasks)
                orders = company.orders * size // company.tasks
                await tell(log, codec, replace(company, tasks=size, orders=orders))
                desk = TenantService(settings, side.database, side.bus)
                await desk.adopt(company.id, company.name, company.slug)
            await _open_doors(log, codec, settings)


async def tell(
    log: Log, codec: Codec, company: Company, *, size: int | None = None, start: datetime | None = None
) -> int:
    """Carry the story out and return how many commands were sent; what had been told is not told twice."""
    began = await log.read(limit=1, select=Selection(tenant_id=company.id))
    start = (
        began[0].timestamp + timedelta(seconds=1)
        if began
        else start or datetime.now(UTC) - timedelta(days=DAYS)
    )
    steps = story(company, start)[:size]
    if await log.receipt(company.id, uuid5(company.id, f"command {len(steps) - 1}")):
        return 0
    bus = Bus(log, codec, DemoClock(), TimeOrderedIds(), environment="demo")
    started: dict[UUID, asyncio.Task[None]] = {}
    for number, step in enumerate(steps):
        # The log is to be in order of time, so none overtakes one that waits for another on its stream.
        if (earlier := started.pop(step.command.id, None)) is not None:
            await earlier
        if len(started) == _TOGETHER:
            await started.pop(next(iter(started)))
        task = started[step.command.id] = asyncio.create_task(_step(bus, company, number, step))
        if type(step.command).__module__ not in _AT_ONCE:
            # What comes later refers to people and projects, and a person's key has to be made first.
            await task
    await asyncio.gather(*started.values())
    return len(steps)


async def _step(bus: Bus, company: Company, number: int, step: StoryStep) -> None:
    _now.set(step.at)
    by = Caller(tenant_id=company.id, user_id=step.by, permissions=ROLES["owner"])
    await _send(bus, step.command, by, uuid5(company.id, f"command {number}"))


async def _open_doors(log: Log, codec: Codec, settings: Settings) -> None:
    """Give those who can sign in their accounts."""
    _now.set(datetime.now(UTC))
    bus = Bus(log, codec, DemoClock(), TimeOrderedIds(), environment="demo")
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
    await _send(bus, registered, by, uuid5(_OPERATOR, "user"))
    await _account(bus, _OPERATOR, OPERATOR, names, hashed, PLATFORM)
    by = Caller(tenant_id=ACCOUNTS, user_id=_OPERATOR)
    secret = SetSecondFactor(id=_OPERATOR, secret=_factor(settings), recovery_hashes=())
    await _send(bus, secret, by, uuid5(_OPERATOR, "factor"))
    await _send(bus, ConfirmSecondFactor(id=_OPERATOR), by, _TOLD)


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
        await _send(bus, opened, by, uuid5(id, "account"))
        # No link was mailed to them, and without this they would get no mail about their work either.
        system = Caller(tenant_id=tenant_id, user_id=SYSTEM)
        await _send(bus, ConfirmUserEmail(id=id), system, uuid5(id, "proved"))
    await _send(bus, JoinTenant(id=id, tenant_id=tenant_id), by, uuid5(id, "joined"))


async def _send(bus: Bus, command: Command, by: Caller, command_id: UUID) -> None:
    outcome = await bus.send(command, by=by, command_id=command_id)
    if not isinstance(outcome, AppendReceipt):
        raise RuntimeError(
            f"The demo's {command.stored_as} was refused: {outcome.message} "
            "A demo that was broken off goes on with the HEADWATER_DEMO_TASKS that it began with."
        )


def _signing(company: Company) -> Sequence[int]:
    return 0, 1, 2, company.people - 1


def _factor(settings: Settings) -> str:
    """A key of 32 characters of base32, which has no digits 0, 1, 8 and 9."""
    return settings.derive("demo second factor")[:32].translate(_BASE32).upper()


def code(settings: Settings) -> str:
    """The operator's code of this half minute."""
    return TOTP(_factor(settings)).now()


_BASE32 = str.maketrans("0189", "ghij")
