"""The pages of contacts, in the tenant's name: what they confirm, what they want, and how they leave.

GET and HEAD show a form and change nothing, for whoever looks through mail opens links too. POST does the thing; a
POST to the address of an unsubscribe link needs no form, as mail programs send it by themselves (RFC 8058). The
token stands in the address of the form as well, so a page that was left open works for ever.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import escape
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.kit.execution.errors import RequestError
from api.kit.schema.context import Services
from app.http.client_info import origin
from app.mail.mailed_tokens import CONFIRM, PREFERENCES, UNSUBSCRIBE, Mailed, MailedTokens
from app.pages.html import form_page, message_page, page
from app.pages.routes import form_of, texts_of
from app.pages.texts import Texts, refusal_text
from app.settings import Settings
from domain.campaigns.contacts.choices import Choices, ContactChoices
from domain.campaigns.contacts.memberships import MOST_LISTS
from domain.kit.caller import SYSTEM, Caller
from domain.kit.ids import read_id
from domain.kit.refusals import Refusal

Place = Callable[[Caller], Awaitable[Services]]


@dataclass(frozen=True, slots=True)
class _Link:
    """Whose a genuine link is, and where what they choose is carried out."""

    token: str
    tenant_id: UUID
    contact_id: UUID
    contact_list_id: UUID | None
    choices: ContactChoices


Act = Callable[[Request, Texts, _Link], Awaitable[Response]]


def preference_routes(place: Place, settings: Settings) -> list[BaseRoute]:
    """The pages. ``place`` finds the services of a tenant."""
    pages, tokens = _Pages(settings.public_url), MailedTokens(settings.derive("mailed tokens"))
    acts: list[tuple[str, str, Act, Act]] = [
        ("/confirm-subscription", CONFIRM, pages.ask_to_confirm, pages.confirm),
        ("/preferences", PREFERENCES, pages.show, pages.save),
        ("/unsubscribe", UNSUBSCRIBE, pages.ask_to_leave, pages.leave),
    ]

    def answering(kind: str, act: Act) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            # These pages are the tenant's: no link leads on to the product.
            texts = {**texts_of(request), "home": ""}
            token = request.query_params.get("token", "")
            said = tokens.read(token, kind)
            if said is None or said.tenant_id is None:
                return message_page(texts, kind, texts["not_valid"], status=400)
            try:
                return await act(request, texts, await _link(said, token))
            except RequestError as error:
                return message_page(texts, kind, str(error), status=503)
            except Refusal as refusal:
                return message_page(texts, kind, refusal_text(texts, refusal), status=400)

        return answer

    async def _link(said: Mailed, token: str) -> _Link:
        assert said.tenant_id is not None
        services = await place(Caller(tenant_id=said.tenant_id, user_id=SYSTEM))
        choices = services.ports[ContactChoices]
        assert isinstance(choices, ContactChoices)
        return _Link(token, said.tenant_id, said.id, said.part_id, choices)

    return [
        Route(path, answering(kind, act), methods=[method])
        for path, kind, show, send in acts
        for method, act in (("GET", show), ("POST", send))
    ]


class _Pages:
    """What each page shows, and does."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url

    async def ask_to_confirm(self, request: Request, texts: Texts, link: _Link) -> Response:
        found = await link.choices.of(link.tenant_id, link.contact_id)
        named = next((each.name for each in found.lists if each.id == link.contact_list_id), "")
        if not named:
            return message_page(texts, CONFIRM, texts["not_valid"], status=400)
        return form_page(
            texts,
            CONFIRM,
            path=_action(request, link),
            token=link.token,
            intro="confirm.intro",
            button="confirm.do",
            about=f"{_company(texts, found)}: {named}",
        )

    async def confirm(self, request: Request, texts: Texts, link: _Link) -> Response:
        if await form_of(request, self._public_url) is None or link.contact_list_id is None:
            return message_page(texts, CONFIRM, texts["other_site"], status=400)
        await link.choices.confirm(link.tenant_id, link.contact_id, link.contact_list_id, origin().address)
        return message_page(texts, CONFIRM, texts["confirm.done"])

    async def show(self, request: Request, texts: Texts, link: _Link) -> Response:
        found = await link.choices.of(link.tenant_id, link.contact_id)
        company = _company(texts, found)
        if found.gone:
            return message_page(texts, PREFERENCES, texts["contact.gone"].format(company=company))
        intro = "preferences.company" if found.lists else "preferences.none"
        boxes = "".join(
            f'<label><input type="checkbox" name="list" value="{each.id}"{" checked" if each.subscribed else ""}>'
            f"{escape(each.name)}</label><p>{escape(each.description)}</p>"
            for each in found.lists
        )
        save = f"<p><button>{escape(texts['preferences.do'])}</button></p>" if found.lists else ""
        body = (
            f"<p>{escape(texts[intro].format(company=company))}</p>"
            f'<form method="post" action="{escape(_action(request, link))}">{boxes}{save}'
            f'<p><button name="all" value="1">{escape(texts["preferences.all"])}</button></p></form>'
        )
        return page(texts, texts[PREFERENCES], body)

    async def save(self, request: Request, texts: Texts, link: _Link) -> Response:
        form = await form_of(request, self._public_url, most=MOST_LISTS + 1)
        if form is None:
            return message_page(texts, PREFERENCES, texts["other_site"], status=400)
        if any(name == "all" for name, _ in form):
            await link.choices.unsubscribe(link.tenant_id, link.contact_id, None)
            return message_page(texts, PREFERENCES, texts["unsubscribe.done"])
        try:
            wanted = frozenset(read_id(value) for name, value in form if name == "list")
        except ValueError:
            return message_page(texts, PREFERENCES, texts["not_valid"], status=400)
        await link.choices.choose(link.tenant_id, link.contact_id, wanted, origin().address)
        return message_page(texts, PREFERENCES, texts["preferences.done"])

    async def ask_to_leave(self, request: Request, texts: Texts, link: _Link) -> Response:
        found = await link.choices.of(link.tenant_id, link.contact_id)
        named = next((each.name for each in found.lists if each.id == link.contact_list_id), "")
        intro = texts["unsubscribe.list" if named else "unsubscribe.all"]
        said = escape(intro.format(company=_company(texts, found), list=named))
        button = f"<p><button>{escape(texts['unsubscribe.do'])}</button></p>"
        form = f'<form method="post" action="{escape(_action(request, link))}">{button}</form>'
        return page(texts, texts[UNSUBSCRIBE], f"<p>{said}</p>{form}")

    async def leave(self, request: Request, texts: Texts, link: _Link) -> Response:
        """The token in the address says all there is, so that nothing else is read."""
        await link.choices.unsubscribe(link.tenant_id, link.contact_id, link.contact_list_id)
        return message_page(texts, UNSUBSCRIBE, texts["unsubscribe.done"])


def _action(request: Request, link: _Link) -> str:
    # What a genuine token is made of stands in an address as it is.
    return f"{request.url.path}?token={link.token}"


def _company(texts: Texts, found: Choices) -> str:
    return found.company or texts["a_company"]
