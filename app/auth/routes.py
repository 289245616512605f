"""Signing in over REST: JSON in, JSON out; a refusal is 4xx with its code."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from api.auth.port import Granted, Registration, SecondFactorRequired
from api.kit.execution.errors import Unauthenticated, come_back
from api.kit.http.json_text import decoded
from api.kit.http.negotiation import is_plain
from api.kit.http.problems import problem, shown_violation
from api.kit.schema.commands import camel
from app.auth.factory import SignInServices
from app.auth.oidc import is_secure
from app.http.session_cookies import session_cookies
from app.proxies import is_loopback
from domain.identity.sessions import Ending
from domain.identity.sign_in_refusals import ProviderRefused
from domain.kit.ids import read_id
from domain.kit.refusals import Invalid, Refusal, Violation, ViolationCode

COOKIE = "hw_oidc"
_LARGEST = 16 * 1024
_STATUS = {
    "sign_in_refused": 401,
    "code_refused": 401,
    "refresh_refused": 401,
    "session_is_over": 401,
    "refreshed_just_now": 409,
    "already_taken": 409,
    "too_many_attempts": 429,
    "passwords_busy": 503,
    "provider_refused": 401,
    "not_found": 404,
    "not_in_tenant": 403,
    "proof_needed": 403,
    "account_is_suspended": 403,
    "account_not_open": 403,
}

Answer = Callable[[Request, "Body"], Awaitable[object]]


_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")
"""A path of this host: with two slashes at its beginning, or a backslash, browsers take it for another host."""


class _TooLarge(Exception):
    """A body with more than is taken."""


class Body:
    """The members of a request's JSON object."""

    def __init__(self, members: Mapping[str, object]) -> None:
        self._members = members

    def texts(self, *names: str, **defaults: str) -> tuple[str, ...]:
        """The texts of these names, and then of those that may be absent, each with its default.

        Raises Invalid for all that are none.
        """
        members = {name: self._members.get(name) for name in names}
        members |= {name: self._members.get(name, default) for name, default in defaults.items()}
        wrong = [_no_text(name, value) for name, value in members.items() if not isinstance(value, str)]
        if wrong:
            raise Invalid.of(wrong)
        return tuple(map(str, members.values()))

    def id(self, name: str) -> UUID | None:
        """An id, None when it is absent. Raises Invalid."""
        (text,) = self.texts(**{name: ""})
        try:
            return read_id(text) if text else None
        except ValueError:
            raise Invalid(field=name, reason="is not an id", why=ViolationCode.FORMAT) from None


def _no_text(name: str, value: object) -> Violation:
    if value is None:
        return Violation(ViolationCode.REQUIRED, "is required", (name,))
    return Violation(ViolationCode.FORMAT, "must be a text", (name,))


def auth_routes(sign_in: Callable[[], SignInServices]) -> list[BaseRoute]:
    """The routes below ``/auth``, and the public keys; ``sign_in`` is asked when the application runs."""

    async def register(request: Request, body: Body) -> object:
        email, password, first_name, last_name, tenant_name, tenant_slug = body.texts(
            "email", "password", "firstName", lastName="", tenantName="", tenantSlug=""
        )
        registration = Registration(
            email=email,
            password=password,
            first_name=first_name,
            last_name=last_name,
            tenant_name=tenant_name,
            tenant_slug=tenant_slug,
        )
        return await sign_in().auth.registering.register(registration)

    async def enter(request: Request, body: Body) -> object:
        entrance = sign_in().auth.entrance
        email, password = body.texts("email", "password")
        return await entrance.sign_in(email, password, body.id("tenantId"))

    async def second_factor(request: Request, body: Body) -> object:
        return await sign_in().auth.entrance.second_factor(*body.texts("challenge", "code"))

    async def refresh(request: Request, body: Body) -> object:
        return await sign_in().auth.sessions.refresh(*body.texts(refreshToken=""))

    async def sign_out(request: Request, body: Body) -> object:
        # By then the access token may have run out, and its cookie with it.
        if session_cookies().refresh_token and await sign_in().auth.sessions.leave():
            return None
        caller = await sign_in().tokens.authenticate(dict(request.headers))
        if caller.kind == "nobody":
            raise Unauthenticated("Send a token as `Authorization: Bearer …`.")
        return await sign_in().auth.sessions.end(caller, reason=Ending.SIGNED_OUT)

    async def verify_email(request: Request, body: Body) -> object:
        return await sign_in().auth.recovering.verify_email(*body.texts("token"))

    async def forgot(request: Request, body: Body) -> object:
        return await sign_in().auth.recovering.request_reset(*body.texts("email"))

    async def reset(request: Request, body: Body) -> object:
        return await sign_in().auth.recovering.reset(*body.texts("token", "password"))

    async def oidc_start(request: Request) -> Response:
        name = request.path_params["provider"]
        in_cookies = request.query_params.get("session") == "cookie"
        if in_cookies and request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            # By a link on their page others would choose when somebody's session is replaced.
            return problem(400, "bad_request", "A session in cookies is begun by a page of this host alone.")
        onward = request.query_params.get("to", "") if in_cookies else ""
        if onward and not _PATH.fullmatch(onward):
            return problem(400, "bad_request", "`to` is a path of this host, such as /board.")
        called = request.url_for("oidc_callback", provider=name)
        # The Host header is the client's to choose, so that it counts only where nothing else was set.
        known = sign_in().public_url.rstrip("/")
        if not known and not is_loopback(called.hostname or ""):
            return _refused(
                ProviderRefused(reason="HEADWATER_PUBLIC_URL, where you would come back, is not set")
            )
        back = f"{known}{called.path}" if known else str(called)
        started = await sign_in().providers.start(
            name,
            back,
            reauthenticate=request.query_params.get("anew") == "true",
            keep_in_cookies=in_cookies,
            onward=onward,
        )
        if isinstance(started, Refusal):
            return _refused(started)
        answer = RedirectResponse(started.url, 303, headers={"cache-control": "no-store"})
        # Lax: it has to come along when the provider sends the browser back.
        answer.set_cookie(
            COOKIE,
            started.cookie,
            max_age=600,
            path="/auth/oidc",
            httponly=True,
            secure=is_secure(back),
            samesite="lax",
        )
        return answer

    async def oidc_callback(request: Request) -> Response:
        query = request.query_params
        found = await sign_in().providers.finish(
            request.path_params["provider"],
            request.cookies.get(COOKIE, ""),
            query.get("state", ""),
            query.get("code", ""),
        )
        answer = _answered(found)
        cookie = request.cookies.get(COOKIE, "")
        if isinstance(found, Granted) and (onward := await sign_in().providers.onward(cookie)):
            answer = RedirectResponse(onward, 303, headers={"cache-control": "no-store"})
        answer.delete_cookie(COOKIE, path="/auth/oidc")
        return answer

    async def jwks(request: Request) -> Response:
        return JSONResponse(await sign_in().keys.jwks(), headers={"cache-control": "public, max-age=300"})

    posts: dict[str, Answer] = {
        "/auth/register": register,
        "/auth/sign-in": enter,
        "/auth/second-factor": second_factor,
        "/auth/refresh": refresh,
        "/auth/sign-out": sign_out,
        "/auth/verify-email": verify_email,
        "/auth/password/forgot": forgot,
        "/auth/password/reset": reset,
    }
    return [
        *(Route(path, _post(answer), methods=["POST"]) for path, answer in posts.items()),
        Route("/auth/oidc/{provider}/start", oidc_start, methods=["GET"], name="oidc_start"),
        Route("/auth/oidc/{provider}/callback", oidc_callback, methods=["GET"], name="oidc_callback"),
        Route("/.well-known/jwks.json", jwks, methods=["GET"]),
    ]


def _post(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        # A page of another origin cannot send this content type without asking first.
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return problem(415, "unsupported_media_type", "Send application/json.")
        if not is_plain(request.headers.getlist("content-encoding")):
            return problem(415, "unsupported_media_type", "Send the body without a Content-Encoding.")
        try:
            members = decoded(await _read(request) or b"{}")
            if not isinstance(members, dict):
                raise ValueError
            return _answered(await answer(request, Body(members)))
        except _TooLarge:
            return problem(413, "body_too_large", f"The body has more than {_LARGEST} bytes.")
        except (ValueError, ClientDisconnect):
            return problem(400, "bad_request", "Send a JSON object.")
        except Unauthenticated as error:
            return problem(401, "unauthenticated", str(error), headers={"www-authenticate": "Bearer"})
        except Refusal as refusal:
            return _refused(refusal)

    return respond


async def _read(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST:
            raise _TooLarge
    return body


def _answered(found: object) -> Response:
    if isinstance(found, Refusal):
        return _refused(found)
    shown: dict[str, Any] = {"ok": True}
    if isinstance(found, Granted):
        tokens = {
            "accessToken": found.access_token,
            "refreshToken": found.refresh_token,
            "tokenType": "Bearer",
        }
        shown = {
            **({"csrfToken": found.csrf_token} if found.csrf_token else tokens),
            "expiresIn": found.expires_in,
            "accountId": str(found.account_id),
            "sessionId": str(found.session_id),
            "tenantId": str(found.tenant_id) if found.tenant_id else None,
        }
    elif isinstance(found, SecondFactorRequired):
        shown = {
            "secondFactorRequired": True,
            "challenge": found.challenge,
            "expiresIn": found.expires_in,
        }
    return JSONResponse(shown, headers={"cache-control": "no-store"})


def _refused(refusal: Refusal) -> Response:
    field = camel(refusal.field) if refusal.field else None
    wait = refusal.facts.get("retry_after")
    headers = come_back(wait, "attempts") if isinstance(wait, int) else {}
    return problem(
        _STATUS.get(refusal.code, 400),
        refusal.code,
        refusal.message,
        field=field,
        headers=headers,
        violations=list(map(shown_violation, refusal.violations)),
    )
