"""``POST /webhooks/{source}``: callbacks of providers such as Stripe and PayPal."""

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from api.kit.execution.errors import RequestError, come_back
from api.kit.http.negotiation import JSON, is_plain
from api.kit.http.problems import problem
from app.gateway.callbacks.certificates import CertificateAway
from app.gateway.callbacks.door import CallbackDoor, CallbackRefused, as_provider, largest
from app.gateway.lines import BodyTooLarge, BodyTooSlow, body_of
from app.gateway.routes import Place, refused
from domain.gateway.callbacks.paths import PREFIX, read_callback_path
from domain.gateway.webhook_signature import SecretUnreadable
from domain.kit.refusals import Refusal

_AGAIN, _MUCH_LATER = 5, 300
"""Seconds after which what could not be verified is sent again; the latter, where that takes somebody here."""


def callback_routes(place: Place) -> list[Route]:
    """The route. ``place`` finds the services of a tenant."""

    async def send(request: Request) -> Response:
        try:
            return await _answered(request, place)
        except CallbackRefused:
            # One answer for all: nobody learns which sources there are, or what is wrong with a signature.
            return problem(401, "unauthenticated", "This callback is not signed for a source that is here.")
        except SecretUnreadable:
            message = "The secret of this source cannot be read; whoever runs this is told."
            return problem(503, "secret_unreadable", message, headers=come_back(_MUCH_LATER, "callbacks"))
        except (RequestError, CertificateAway):
            message = "This cannot be verified now."
            return problem(503, "not_ready", message, headers=come_back(_AGAIN, "callbacks"))
        except Refusal as refusal:
            return refused(refusal)
        except BodyTooSlow:
            return problem(
                408, "body_too_slow", "The body did not come in time.", headers={"connection": "close"}
            )
        except BodyTooLarge as error:
            return problem(413, "body_too_large", str(error), headers={"connection": "close"})
        except ClientDisconnect:
            return Response(status_code=400)

    return [Route(PREFIX + "{source}", send, methods=["POST"])]


async def _answered(request: Request, place: Place) -> Response:
    try:
        tenant_id, source_id = read_callback_path(request.path_params["source"])
    except ValueError:
        raise CallbackRefused from None
    door = (await place(as_provider(tenant_id))).ports[CallbackDoor]
    assert isinstance(door, CallbackDoor)
    source = await door.source(tenant_id, source_id)
    if not is_plain(request.headers.getlist("content-encoding")):
        return problem(415, "unsupported_media_type", "Send the body without a Content-Encoding.")
    body = await body_of(request, largest(source))
    answer = await door.receive(tenant_id, source, dict(request.headers), body)
    if not answer.kept:
        return problem(422, "invalid", "This callback cannot be stored.")
    said: dict[str, object] = {"status": answer.status.value}
    if len(answer.events) == 1:
        (event,) = answer.events
        said["eventId"] = event.event_id
        if event.position is not None:
            said["position"] = str(event.position)
    else:
        said["events"] = len(answer.events)
    return Response(orjson.dumps(said), 200, {"content-type": JSON, "cache-control": "no-store"})
