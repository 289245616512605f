"""The pages' routes: GET shows a form and does nothing, for mail programs open links too; POST does the thing."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.kit.execution.errors import RequestError
from app.auth.factory import SignInServices
from app.mail.mailed_tokens import RESET, VERIFY
from app.origins import is_of_host
from app.pages.html import Field, form_page, message_page
from app.pages.texts import Texts, refusal_text, texts_for
from domain.kit.caller import NOBODY
from domain.kit.ids import read_id
from domain.kit.refusals import Refusal

_LARGEST = 16 * 1024
_FORM = "application/x-www-form-urlencoded"
_NEW_PASSWORD = Field(name="password", type="password", autocomplete="new-password")

Fields = Mapping[str, str]
Do = Callable[[Fields], Awaitable[Refusal | None]]
Answer = Callable[[Request], Awaitable[Response]]
About = Callable[[Texts, str], Awaitable[str]]
"""What the page of a token is about, in a sentence; empty for nothing in particular."""


Good = Callable[[str], Awaitable[bool]]
"""Whether a token can be used now. Nothing is told of one that cannot, and nothing is used up by asking."""


async def _nothing(texts: Texts, token: str) -> str:
    return ""


def page_routes(sign_in: Callable[[], SignInServices]) -> list[BaseRoute]:
    """The pages; ``sign_in`` is asked when the application runs."""

    async def verify(form: Fields) -> Refusal | None:
        return await sign_in().auth.recovering.verify_email(form.get("token", ""))

    async def reset(form: Fields) -> Refusal | None:
        return await sign_in().auth.recovering.reset(form.get("token", ""), form.get("password", ""))

    async def accept(form: Fields) -> Refusal | None:
        return await sign_in().desk.join(
            form.get("token", ""),
            password=form.get("password", ""),
            first_name=form.get("first_name", ""),
            last_name=form.get("last_name", ""),
            caller=NOBODY,
        )

    def followed(kind: str) -> Good:
        return lambda token: sign_in().desk.is_followed(token, kind)

    async def invites(token: str) -> bool:
        try:
            return await sign_in().desk.is_good(token)
        except RequestError:
            # The tenant is elsewhere for the moment; who sends the form is told so.
            return True

    async def host(texts: Texts, token: str) -> str:
        try:
            found = await sign_in().desk.host(token)
        except RequestError:
            # The tenant is elsewhere for the moment; who sends the form is told so.
            return ""
        if found is None:
            return ""
        said = texts["accept.person" if found.inviter else "accept.company"]
        return said.format(inviter=found.inviter, company=found.company)

    names = (
        Field(name="first_name", autocomplete="given-name", required=False),
        Field(name="last_name", autocomplete="family-name", required=False),
    )
    return [
        *_routes("/verify-email", "verify", (), verify, sign_in, followed(VERIFY)),
        *_routes("/reset-password", "reset", (_NEW_PASSWORD,), reset, sign_in, followed(RESET)),
        *_routes("/accept-invitation", "accept", (*names, _NEW_PASSWORD), accept, sign_in, invites, host),
        *_opt_out(sign_in),
        Route("/task", _task, methods=["GET"]),
    ]


def _routes(
    path: str,
    name: str,
    fields: tuple[Field, ...],
    do: Do,
    sign_in: Callable[[], SignInServices],
    good: Good,
    about: About = _nothing,
) -> list[BaseRoute]:
    async def show(request: Request) -> Response:
        texts, token = texts_of(request), request.query_params.get("token", "")
        if not await good(token):
            return message_page(texts, name, texts["not_valid"], status=400)
        return form_page(
            texts,
            name,
            path=path,
            token=token,
            intro=f"{name}.intro",
            button=f"{name}.do",
            fields=fields,
            about=await about(texts, token),
        )

    async def send(request: Request) -> Response:
        texts, form = texts_of(request), await _form(request, sign_in().public_url)
        if form is None:
            return message_page(texts, name, texts["other_site"], status=400)
        refusal = await _refusal(do, form)
        if refusal is None:
            return message_page(texts, name, texts[f"{name}.done"])
        said = refusal_text(texts, refusal)
        if not fields or said == texts["not_valid"]:
            return message_page(texts, name, said, status=400)
        # What was typed stands there again, but for passwords.
        again = tuple(
            field if field.type == "password" else replace(field, value=form.get(field.name, ""))
            for field in fields
        )
        return form_page(
            texts,
            name,
            path=path,
            token=form.get("token", ""),
            intro=f"{name}.intro",
            button=f"{name}.do",
            fields=again,
            about=await about(texts, form.get("token", "")),
            error=said,
            status=400,
        )

    return [Route(path, show, methods=["GET"]), Route(path, send, methods=["POST"])]


def _opt_out(sign_in: Callable[[], SignInServices]) -> list[BaseRoute]:
    path = "/mail-opt-out"

    async def show(request: Request) -> Response:
        texts, token = texts_of(request), request.query_params.get("token", "")
        is_out = await sign_in().opt_outs.is_out(token)
        if is_out is None:
            return message_page(texts, "optout", texts["not_valid"], status=400)
        way = "optin" if is_out else "optout"
        return form_page(
            texts, "optout", path=f"{path}/{way}", token=token, intro=f"{way}.intro", button=f"{way}.do"
        )

    def sends(way: str) -> Answer:
        async def send(request: Request) -> Response:
            texts, form = texts_of(request), await _form(request, sign_in().public_url)
            if form is None:
                return message_page(texts, "optout", texts["other_site"], status=400)
            if await sign_in().opt_outs.change(form.get("token", ""), out=way == "optout"):
                return message_page(texts, "optout", texts[f"{way}.done"])
            return message_page(texts, "optout", texts["not_valid"], status=400)

        return send

    return [
        Route(path, show, methods=["GET"]),
        *(Route(f"{path}/{way}", sends(way), methods=["POST"]) for way in ("optout", "optin")),
    ]


async def _task(request: Request) -> Response:
    """Where mails about tasks lead, until a front end takes this path: it tells nothing but the id in the link."""
    texts = texts_of(request)
    try:
        id = read_id(request.query_params.get("id", ""))
    except ValueError:
        return message_page(texts, "task", texts["not_valid"], status=400)
    return message_page(texts, "task", f"{texts['task.intro']} {id}")


def texts_of(request: Request) -> Texts:
    """What the pages say to whoever asks."""
    texts = texts_for(request.headers.get("accept-language", ""))
    return texts if request.app.state.home else {**texts, "home": ""}


async def _refusal(do: Do, form: Fields) -> Refusal | None:
    try:
        return await do(form)
    except Refusal as refusal:
        return refusal


async def _form(request: Request, public_url: str) -> dict[str, str] | None:
    pairs = await form_of(request, public_url)
    return None if pairs is None else dict(pairs)


async def form_of(request: Request, public_url: str, *, most: int = 20) -> Sequence[tuple[str, str]] | None:
    """The fields of a form that one of these pages sent, ``most`` of them at the most; None for any other.

    A browser says where a form comes from by ``Sec-Fetch-Site``. An older one says ``Origin``, which is ``null``
    from a page that tells no referrer; then it is the token alone that no other site can know.
    """
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return None
    origin = request.headers.get("origin", "null")
    hosts = urlsplit(public_url).netloc, request.headers.get("host", "")
    if origin != "null" and not any(is_of_host(origin, host) for host in hosts):
        return None
    if request.headers.get("content-type", "").partition(";")[0].strip() != _FORM:
        return None
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > _LARGEST:
                return None
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=most)
    except (ValueError, ClientDisconnect):
        return None
