"""Puts the parts of signing in together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from redis.asyncio import Redis

from api.auth.port import Auth
from app.auth.account_repository import AccountRepository
from app.auth.account_takeback import Disowning
from app.auth.company_registration import CompanyRegistration, InNoRegistry, TenantRegistrar
from app.auth.credentials.devices import KnownDevices
from app.auth.credentials.one_time_codes import OneTimeCodes
from app.auth.credentials.passwords import Passwords
from app.auth.credentials.throttle import Attempts
from app.auth.invitation_acceptance import InvitationAcceptance
from app.auth.invitations import InvitationService
from app.auth.oidc import Provider, Providers
from app.auth.own_account import OwnAccounts
from app.auth.recovery import Recovery
from app.auth.registration import RegistrationService
from app.auth.sessions import RefreshTokens, SessionService
from app.auth.sign_in import SignInService
from app.auth.suspension import AccountService
from app.auth.tenant_services import Home, Homes
from app.auth.tokens.authentication import Tokens
from app.auth.tokens.log_watch import EventPages, watch
from app.auth.tokens.principals import Callers
from app.auth.tokens.session_cache import SessionCache
from app.auth.tokens.signing_keys import SigningKeys
from app.auth.two_factor import TwoFactorService
from app.mail.allowance import OptOuts
from app.mail.mailed_tokens import MailedTokens
from app.settings import Settings
from app.storage.database import Pool
from domain.identity.invitations import Inviting
from domain.kit.clock import TimeOrderedIds
from domain.kit.codec import Codec
from domain.kit.log import Log
from projections.identity.unattached import Unattached
from projections.kit.background import running
from projections.kit.read.circuit_breaker import Breaker

_TIDY = 3600.0
"""Seconds between two tidyings of what counts no more."""


class PlatformHome(Home, Protocol):
    """The platform's own home, such as its `api.kit.schema.context.Services`."""

    @property
    def log(self) -> Log:
        """Its log."""
        ...

    @property
    def codec(self) -> Codec:
        """What seals its events, and makes fingerprints."""
        ...


@dataclass(frozen=True, kw_only=True)
class SignInServices:
    """All of signing in, for one process."""

    auth: Auth
    """What GraphQL and the routes call."""
    tokens: Tokens
    """Says who a request is from."""
    providers: Providers
    """Other providers of identities."""
    keys: SigningKeys
    homes: Homes
    """Set its ``reach`` where tenants have homes of their own."""
    founding: CompanyRegistration
    """Makes the companies of registrations that were interrupted."""
    living: SessionCache
    callers: Callers
    passwords: Passwords
    attempts: Attempts
    inviting: InvitationService
    alone: OwnAccounts
    desk: RegistrationService
    opt_outs: OptOuts
    public_url: str = ""
    """Where browsers find the product; empty: where they say that they did."""

    def ports(self) -> tuple[object, ...]:
        """What the API asks of accounts, which are the platform's."""
        return self.auth, Inviting(self.inviting.prepared), Unattached(self.alone.find)

    @asynccontextmanager
    async def watching(self, feed: EventPages, log: Log) -> AsyncIterator[None]:
        """Forget, inside the block, the sessions that other processes end."""
        watching = partial(watch, feed, self.living, self.callers, after=await log.head())
        try:
            async with (
                running(watching, name="sessions"),
                running(self._tidying, name="attempts"),
                running(self.callers.uses.telling, name="key uses"),
            ):
                yield
        finally:
            await self.providers.close()
            self.passwords.close()

    async def _tidying(self) -> None:
        while True:
            await asyncio.sleep(_TIDY)
            with suppress(OSError):
                await self.attempts.tidy()


def create_sign_in(
    settings: Settings,
    *,
    pool: Pool,
    redis: Redis,
    redis_breaker: Breaker,
    platform: PlatformHome,
    place: TenantRegistrar | None = None,
    nobody: bool = False,
) -> SignInServices:
    """The parts of signing in, on the platform's database; ``pool`` is the writer's.

    ``place`` notes new companies where placements are kept; ``nobody`` as in `Tokens`.
    """
    homes = Homes(platform)
    book = AccountRepository(
        pool=pool,
        rows=platform.rows,
        bus=platform.bus,
        log=platform.log,
        codec=platform.codec,
        opening=platform.opening,
    )
    keys = SigningKeys(pool, settings.derive("signing keys"))
    attempts = Attempts(pool, settings.derive("attempts"))
    living = SessionCache(platform.rows, redis, settings.redis_prefix, redis_breaker)
    callers = Callers(living, homes)
    passwords = Passwords()
    sessions = SessionService(book, keys, RefreshTokens(settings.derive("refresh tokens")), living, callers)
    places = KnownDevices(attempts)
    codes = OneTimeCodes(book, attempts, places, settings.derive("recovery codes"))
    founding = CompanyRegistration(
        book=book, callers=callers, homes=homes, place=place or InNoRegistry(), region=settings.region
    )
    door = SignInService(
        book=book,
        passwords=passwords,
        attempts=attempts,
        places=places,
        keys=keys,
        sessions=sessions,
        codes=codes,
        finish=founding.finish,
    )
    factors = TwoFactorService(book, door, codes, living)
    disowning = Disowning(homes, callers)
    mailed = MailedTokens(settings.derive("mailed tokens"))
    recovery = Recovery(
        book=book,
        passwords=passwords,
        attempts=attempts,
        places=places,
        mailed=mailed,
        sessions=sessions,
        factors=factors,
        disowning=disowning,
    )
    desk = RegistrationService(
        book=book,
        passwords=passwords,
        attempts=attempts,
        places=places,
        sessions=sessions,
        recovery=recovery,
        door=door,
        founding=founding,
        joining=InvitationAcceptance(
            book=book,
            passwords=passwords,
            disowning=disowning,
            mailed=mailed,
            callers=callers,
            door=door,
            homes=homes,
            ids=TimeOrderedIds(),
        ),
        ids=TimeOrderedIds(),
    )
    return SignInServices(
        auth=Auth(
            entrance=door,
            registering=desk,
            recovering=recovery,
            sessions=sessions,
            factors=factors,
            suspending=AccountService(book, living.forget_person),
        ),
        tokens=Tokens(settings.derive("tokens"), keys=keys, callers=callers, nobody=nobody),
        providers=Providers(_providers(settings), book, door, keys, attempts, disowning),
        keys=keys,
        homes=homes,
        founding=founding,
        living=living,
        callers=callers,
        passwords=passwords,
        attempts=attempts,
        desk=desk,
        opt_outs=OptOuts(pool, mailed),
        alone=OwnAccounts(book),
        inviting=InvitationService(book, homes, mailed, per_day=settings.invitations_per_day),
        public_url=settings.public_url,
    )


def _providers(settings: Settings) -> dict[str, Provider]:
    if not settings.oidc_issuer:
        return {}
    provider = Provider(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret)
    return {"default": provider}
