"""Signing in by another provider of identities: OpenID Connect, authorization code with PKCE."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx

from api.auth.port import Entry
from app.auth.account_repository import AccountRepository
from app.auth.account_takeback import Disowning
from app.auth.credentials.throttle import Attempts
from app.auth.id_token import NotOurs, claims_of
from app.auth.sign_in import SignInService
from app.auth.tokens.signed_tokens import Expired, NotValid, Uses, signed, verified
from app.auth.tokens.signing_keys import SigningKeys
from app.http.session_cookies import session_cookies
from domain.identity.account_commands import LinkProvider, OpenAccount
from domain.identity.accounts import AccountIsSuspended, AccountStatus, normal_address
from domain.identity.sessions import SignInMethod
from domain.identity.sign_in_refusals import ProviderRefused
from domain.kit.clock import TimeOrderedIds
from domain.kit.refusals import AlreadyTaken, NotFound, Refusal
from projections.identity.auth_accounts import AccountRow

WAIT = timedelta(minutes=10)
"""How long somebody may take at the provider."""
_APART = 60
"""By how many seconds the provider's clock may be behind ours."""
_SCOPE = "openid email profile"


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider of identities, and what we are to it."""

    issuer: str
    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class Start:
    """Where to send the browser, and the cookie by which it is known when it comes back."""

    url: str
    cookie: str


class Providers:
    """Signs people in who are known elsewhere.

    State, nonce and PKCE's verifier travel in a signed cookie, so that only the browser that began can end it, and
    once. Who somebody is is the provider's ``sub``; an address counts only if the provider has verified it.
    """

    def __init__(
        self,
        providers: dict[str, Provider],
        book: AccountRepository,
        door: SignInService,
        keys: SigningKeys,
        attempts: Attempts,
        disowning: Disowning,
    ) -> None:
        self._providers, self._book, self._door = providers, book, door
        self._keys, self._attempts, self._ids = keys, attempts, TimeOrderedIds()
        self._disowning = disowning
        self._known: dict[str, dict[str, Any]] = {}

    async def close(self) -> None:
        """Close the connections to the providers."""
        if "_http" in vars(self):
            await self._http.aclose()

    @cached_property
    def _http(self) -> httpx.AsyncClient:
        """Made when it is needed: it reads all authorities of TLS, and many have no providers."""
        return httpx.AsyncClient(timeout=10, follow_redirects=False)

    async def start(
        self,
        name: str,
        redirect_uri: str,
        *,
        reauthenticate: bool = False,
        keep_in_cookies: bool = False,
        onward: str = "",
    ) -> Start | Refusal:
        """Begin to sign somebody in by the provider of this name.

        ``reauthenticate``: the provider must ask again who it is, so that the session proves who is there now.
        ``keep_in_cookies``: the page that begins wants a session in cookies, and no tokens (ADR 59).
        ``onward``: the path of this host where the browser is sent once somebody is signed in so.
        """
        provider = self._providers.get(name)
        if provider is None:
            return NotFound(field="provider", what="provider")
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        try:
            metadata = await self._metadata(provider)
        except (httpx.HTTPError, ProviderRefused):
            return ProviderRefused(reason="it does not answer")
        parameters = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": redirect_uri,
            "scope": _SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        if reauthenticate:
            parameters |= {"prompt": "login", "max_age": "0"}
        endpoint = str(metadata["authorization_endpoint"])
        url = f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}"
        claims = {
            "provider": name,
            "state": hashlib.sha256(state.encode()).hexdigest(),
            "nonce": nonce,
            "verifier": verifier,
            "redirect_uri": redirect_uri,
            "anew": reauthenticate,
            "cookies": keep_in_cookies,
            "onward": onward,
        }
        return Start(url, signed(Uses.PROVIDER, await self._keys.current(), claims, lifetime=WAIT))

    async def onward(self, cookie: str) -> str:
        """Where the browser is sent that ends what this cookie began; empty for nowhere."""
        try:
            return str((await verified(Uses.PROVIDER, cookie, self._keys.find)).get("onward", ""))
        except (Expired, NotValid):
            return ""

    async def finish(self, name: str, cookie: str, state: str, code: str) -> Entry:
        """Sign in whom the provider has sent back with a code."""
        try:
            said = await verified(Uses.PROVIDER, cookie, self._keys.find)
        except (Expired, NotValid):
            return ProviderRefused(reason="it took too long, or was begun in another browser")
        shown = hashlib.sha256(state.encode(errors="replace")).hexdigest()
        provider = self._providers.get(name)
        if provider is None or said["provider"] != name or not hmac.compare_digest(said["state"], shown):
            return ProviderRefused(reason="the answer belongs to another sign-in")
        if not await self._attempts.spend(f"oidc:{said['jti']}", WAIT * 2):
            return ProviderRefused(reason="the answer was used before")
        try:
            claims = await self._claims(provider, said, code)
            account = await self._account(provider, claims)
        except Refusal as refusal:
            return refusal
        except (httpx.HTTPError, NotOurs, KeyError, ValueError, TypeError):
            return ProviderRefused(reason="its answer is not valid")
        if said.get("cookies"):
            # The browser that comes back is the one in which a page of ours began: it has shown the flow's cookie.
            session_cookies().keeps = True
        if account.status is AccountStatus.SUSPENDED:
            return AccountIsSuspended()
        if account.status is not AccountStatus.OPEN:
            return ProviderRefused(reason="the account is closed")
        return await self._door.enter(
            account, None, method=SignInMethod.OIDC_REAUTHENTICATED if said.get("anew") else SignInMethod.OIDC
        )

    async def _claims(self, provider: Provider, said: dict[str, Any], code: str) -> dict[str, Any]:
        """What the provider's id token says, its signature, issuer, audience, times and nonce checked."""
        metadata = await self._metadata(provider)
        answer = await self._http.post(
            metadata["token_endpoint"],
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": said["redirect_uri"],
                "code_verifier": said["verifier"],
            },
            # RFC 6749 has both written as in a form before they are joined.
            auth=(quote(provider.client_id, safe=""), quote(provider.client_secret, safe="")),
        )
        answer.raise_for_status()
        token = answer.json()
        claims = claims_of(
            token["id_token"],
            await self._json(metadata["jwks_uri"]),
            issuer=provider.issuer,
            client_id=provider.client_id,
            nonce=said["nonce"],
        )
        if said.get("anew"):
            # Providers may overlook what they were asked; OpenID Connect has the client look (3.1.2.1).
            at = claims.get("auth_time")
            if not isinstance(at, int) or at < int(said["iat"]) - _APART:
                raise ProviderRefused(reason="it did not ask you to prove yourself again")
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1:
            raise ProviderRefused(reason="its answer is not meant for this service alone")
        return claims

    async def _account(self, provider: Provider, claims: dict[str, Any]) -> AccountRow:
        """The account of who was identified: the one linked before, the one with the address, or a new one."""
        identity = hashlib.sha256(f"{provider.issuer}\0{claims['sub']}".encode()).hexdigest()
        known = await self._book.by_identity(identity)
        if known is not None:
            return known
        email = normal_address(str(claims.get("email", "")))
        if not email or claims.get("email_verified") is not True:
            raise ProviderRefused(reason="it has not verified your e-mail address")
        found = await self._book.by_email(email)
        if found is None:
            found_id = self._ids.new()
            first = str(claims.get("given_name") or claims.get("name") or email.split("@")[0])[:100]
            opened = OpenAccount(
                id=found_id,
                email=email,
                first_name=first,
                last_name=str(claims.get("family_name") or "")[:100],
                email_verified=True,
                registration_source="oidc",
                identity=identity,
            )
            outcome = await self._book.send(opened, by=found_id)
        else:
            found_id = found.id
            outcome = await self._book.send(LinkProvider(id=found.id, identity=identity), by=found.id)
            if not isinstance(outcome, Refusal) and not found.email_verified:
                self._disowning.begin(found.id, found.tenants)
        if isinstance(outcome, AlreadyTaken):
            raise ProviderRefused(reason="somebody else signed in with it at the same moment; try again")
        if isinstance(outcome, Refusal):
            raise outcome
        account = await self._book.account(found_id)
        assert account is not None, "an inline view has what was just appended"
        return account

    async def _metadata(self, provider: Provider) -> dict[str, Any]:
        if provider.issuer not in self._known:
            found = await self._json(f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != provider.issuer:
                raise ProviderRefused(reason="it calls itself by another name")
            if is_secure(provider.issuer):
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    if not is_secure(str(found.get(name))):
                        raise ProviderRefused(reason="it does not use TLS")
            self._known[provider.issuer] = found
        return self._known[provider.issuer]

    async def _json(self, url: str) -> dict[str, Any]:
        answer = await self._http.get(url)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def is_secure(url: str) -> bool:
    """Whether a browser comes to this address over TLS, so that its cookies can insist on that."""
    return urlsplit(url).scheme == "https"
