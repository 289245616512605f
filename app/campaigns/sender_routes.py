"""The page by which whoever reads a sender's mail says that a tenant may send in its name.

GET and HEAD show a form and change nothing, for whoever looks through mail opens links too; POST verifies.
"""

from collections.abc import Awaitable, Callable
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.kit.execution.errors import RequestError
from api.kit.schema.context import Services
from app.campaigns.sender_proofs import SenderProofs
from app.mail.mailed_tokens import SENDER, MailedTokens
from app.pages.html import form_page, message_page
from app.pages.routes import form_of, texts_of
from app.settings import Settings
from domain.kit.caller import SYSTEM, Caller


def sender_routes(place: Callable[[Caller], Awaitable[Services]], settings: Settings) -> list[BaseRoute]:
    """The page. ``place`` finds the services of a tenant."""
    tokens = MailedTokens(settings.derive("mailed tokens"))

    async def answer(request: Request) -> Response:
        texts = {**texts_of(request), "home": ""}
        token = request.query_params.get("token", "")
        said = tokens.read(token, SENDER)
        if said is None or said.tenant_id is None or said.part_id is None:
            return message_page(texts, SENDER, texts["not_valid"], status=400)
        try:
            proofs = await _proofs(said.tenant_id)
            if request.method != "POST":
                awaited = await proofs.awaited(said.tenant_id, said.id, said.part_id)
                if awaited is None:
                    return message_page(texts, SENDER, texts["not_valid"], status=400)
                return form_page(
                    texts,
                    SENDER,
                    # What a genuine token is made of stands in an address as it is.
                    path=f"{request.url.path}?token={token}",
                    token=token,
                    intro="sender.intro",
                    button="sender.do",
                    about=f"{awaited.company or texts['a_company']}: {awaited.address}",
                )
            if await form_of(request, settings.public_url) is None:
                return message_page(texts, SENDER, texts["other_site"], status=400)
            if not await proofs.verify(said.tenant_id, said.id, said.part_id):
                return message_page(texts, SENDER, texts["not_valid"], status=400)
        except RequestError as error:
            return message_page(texts, SENDER, str(error), status=503)
        return message_page(texts, SENDER, texts["sender.done"])

    async def _proofs(tenant_id: UUID) -> SenderProofs:
        services = await place(Caller(tenant_id=tenant_id, user_id=SYSTEM))
        proofs = services.ports[SenderProofs]
        assert isinstance(proofs, SenderProofs)
        return proofs

    return [Route("/verify-sender", answer, methods=["GET", "POST"])]
