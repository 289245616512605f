"""Sessions in cookies, for browsers whose pages are to hold no token (ADR 59).

Who signs in with the header ``Headwater-Session: cookie`` is given cookies in place of tokens. From then on the
cookie stands for the header ``Authorization`` where that cannot be another page's doing: a request that may
change something shows the session's token in ``X-CSRF-Token``, and none comes from the page of an origin that
may not call.
"""

import base64
import hmac
import json
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.kit.execution.errors import ClientError, RequestError, encode_errors
from api.kit.http.negotiation import EVENT_STREAM, GRAPHQL_JSON, acceptable
from api.kit.http.problems import problem
from api.kit.http.ws import EXPECTED
from app.http.cookies import cookies_of
from app.origins import is_of_host

ACCESS, REFRESH, CSRF = "hw_access", "hw_refresh", "hw_csrf"
WANTED, CSRF_HEADER = "headwater-session", "x-csrf-token"
_COOKIE = "cookie"
_SAFE = ("GET", "HEAD", "OPTIONS")
_STREAMS = "/graphql"
"""Where answers may be streams."""
_BEARERS = ("authorization", "x-api-key", "token")
_ANOTHER_ORIGIN = "The session's cookie does not count for pages of this origin."
_NO_CSRF = "The session's cookie counts only together with its token in `X-CSRF-Token`."
_NO_SESSION = "The session's cookie is not valid."
_TOO_LATE = "With a session in cookies, send this by POST, for an answer in JSON that can set them."


@dataclass(slots=True)
class SessionCookies:
    """What a request shows of a session in cookies, and what its answer is to set."""

    keeps: bool = False
    """Whether tokens that it is given go into cookies."""
    refresh_token: str = ""
    refused: str = ""
    """Why the cookie that it shows does not count; empty where it does, or there is none."""
    late: bool = False
    """Whether the answer is a stream, whose head is sent before there is anything to set."""
    key: bytes = b""
    values: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Cookies to set, each with its age in seconds; 0 takes it away."""

    def check(self) -> None:
        """Raises ClientError where tokens would go into cookies and none can be set."""
        if self.keeps and self.late:
            raise ClientError(_TOO_LATE, code="BAD_REQUEST")

    def keep(self, session_id: UUID, tenant: UUID, access: tuple[str, int], refresh: tuple[str, int]) -> str:
        """Keep tokens, each with its age in seconds; what pages of the session show in `X-CSRF-Token`, for as
        long as it is in this tenant."""
        token = _csrf(self.key, _place(session_id, tenant))
        self.values[ACCESS] = access
        self.values[CSRF] = token, refresh[1]
        if refresh[0]:
            self.values[REFRESH] = refresh
        return token

    def drop(self) -> None:
        """Take the session's cookies away."""
        if self.keeps:
            self.values |= dict.fromkeys((ACCESS, REFRESH, CSRF), ("", 0))


_cookies: ContextVar[SessionCookies | None] = ContextVar("session_cookies", default=None)


def session_cookies() -> SessionCookies:
    """Those of the request that is being answered; none outside one."""
    return _cookies.get() or SessionCookies()


class CookieSessions:
    """ASGI middleware that has the cookie of a session stand for `Authorization`, and sets cookies.

    A request with a token of its own is left as it is.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        key: bytes,
        paths: Iterable[str],
        origins: frozenset[str] = frozenset(),
        secure: bool = False,
    ) -> None:
        """``key`` makes the tokens against forged requests; ``origins`` are those of other hosts' pages that may
        call, below the ``paths``; ``secure``: browsers come over TLS, whatever this server sees."""
        self._app, self._key, self._paths = app, key, tuple(paths)
        self._origins, self._secure = origins, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or not self._is_served(scope["path"]):
            await self._app(scope, receive, send)
            return
        prefix = "__Host-" if self._secure or scope.get("scheme") in ("https", "wss") else ""
        headers = Headers(scope=scope)
        if headers.get(WANTED, _COOKIE).strip().lower() != _COOKIE and scope["type"] == "http":
            # Who is answered with tokens instead would keep them where they did not want them.
            await _not_known(scope["path"])(scope, receive, send)
            return
        streamed = scope["path"] == _STREAMS and _is_streamed(headers)
        cookies = SessionCookies(key=self._key, late=scope["type"] == "websocket" or streamed)
        token = self._read(scope, headers, prefix, cookies)
        _cookies.set(cookies)
        if token:
            scope = dict(scope, headers=[*scope["headers"], (b"authorization", b"Bearer " + token.encode())])
            # Browsers set no header on a WebSocket: it shows the token in its first message.
            scope[EXPECTED] = _csrf(self._key, _place_of(token))

        async def kept(message: Message) -> None:
            if message["type"] == "http.response.start":
                for name, (value, age) in cookies.values.items():
                    MutableHeaders(scope=message).append("set-cookie", _said(prefix, name, value, age))
            await send(message)

        await self._app(scope, receive, kept)

    def _read(self, scope: Scope, headers: Headers, prefix: str, cookies: SessionCookies) -> str:
        """The access token that the request's cookie brings, where it counts."""
        shown = cookies_of(headers)
        access = shown.get(prefix + ACCESS, "")
        wanted = headers.get(WANTED, "").strip().lower() == _COOKIE
        if any(name in headers for name in _BEARERS) or not (access or wanted):
            return ""
        if not self._may_call(headers, over_tls=bool(prefix)):
            cookies.refused = _ANOTHER_ORIGIN
            return ""
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE
        place = _place_of(access)
        if access and not place:
            access, cookies.refused = "", _NO_SESSION
        elif access and changes and scope["type"] == "http":
            expected = _csrf(self._key, place)
            if not hmac.compare_digest(expected.encode(), headers.get(CSRF_HEADER, "").encode()):
                access, cookies.refused = "", _NO_CSRF
        # A link that is followed keeps nothing, or another site's might sign somebody in: a provider's way back.
        cookies.keeps = changes and (wanted or bool(access))
        if cookies.keeps:
            cookies.refresh_token = shown.get(prefix + REFRESH, "")
        return access

    def _may_call(self, headers: Headers, *, over_tls: bool) -> bool:
        origin = headers.get("origin")
        if origin is None:
            # Browsers name it with whatever may change something, and with every WebSocket. A page of a sibling
            # host cannot read what else it loads, but it could time it, which it cannot with a link.
            site, target = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-dest")
            return site in ("none", "same-origin") or (site == "same-site" and target == "document")
        if origin in self._origins:
            return True
        schemes = ("https",) if over_tls else ("https", "http")
        return is_of_host(origin, headers.get("host", ""), schemes)

    def _is_served(self, path: str) -> bool:
        return any(path == served or path.startswith(f"{served}/") for served in self._paths)


def _not_known(path: str) -> Response:
    message = "The header Headwater-Session takes `cookie`, and nothing else."
    if path != _STREAMS:
        return problem(400, "bad_request", message)
    errors = RequestError.of(message, "BAD_REQUEST").errors
    return Response(encode_errors(errors), 400, {"cache-control": "no-store"}, GRAPHQL_JSON)


def _is_streamed(headers: Headers) -> bool:
    return acceptable(", ".join(headers.getlist("accept")))[:1] == [EVENT_STREAM]


def _said(prefix: str, name: str, value: str, age: int) -> str:
    # A page reads the token that it is to send along; the others no script ever sees.
    hidden = "" if name == CSRF else "; HttpOnly"
    secure = "; Secure" if prefix else ""
    return f"{prefix}{name}={value}; Path=/; Max-Age={age}; SameSite=Strict{hidden}{secure}"


def _csrf(key: bytes, place: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(key, place.encode(), "sha256")).decode().rstrip("=")


def _place(session_id: UUID, tenant_id: UUID) -> str:
    return f"{session_id}/{tenant_id}"


def _place_of(token: str) -> str:
    """The session and the tenant that a token names; empty for one that names none, such as an API key. Whether it
    is genuine is asked later, of the token as a whole."""
    try:
        body = token.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return _place(UUID(said["sid"]), UUID(said["tenant"]))
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError):
        return ""
