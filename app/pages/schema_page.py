"""The page of the schema, for those who write clients: made from it, and told to whom introspection tells it."""

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.kit.execution.errors import Unauthenticated
from api.kit.http.conditional import KEPT, conditional, tag
from api.kit.http.graphiql import DOOR
from api.kit.http.problems import problem
from api.schema import schema
from app.pages.schema_reference import reference
from domain.kit.caller import Caller

PATH = "/docs/schema"
_HERE = Path(__file__).parent
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cache-control": "no-cache",
}


def schema_routes(authenticate: Callable[[Mapping[str, str]], Awaitable[Caller]]) -> list[Route]:
    """The page, the schema that it loads, and the schema as text. ``authenticate`` raises Unauthenticated."""

    def protected(
        media_type: str, content: Callable[[], tuple[bytes, str]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def tell(request: Request) -> Response:
            try:
                if (await authenticate(request.headers)).kind == "nobody":
                    raise Unauthenticated("Sign in first.")
            except Unauthenticated as error:
                return problem(401, "unauthenticated", str(error), headers={"www-authenticate": "Bearer"})
            body, etag = content()
            response = Response(body, media_type=media_type)
            return conditional(response, etag, KEPT, request.headers.getlist("if-none-match"))

        return tell

    return [
        Route(PATH, _file("html", "text/html")),
        Route(f"{PATH}.js", _file("js", "text/javascript")),
        Route(f"{PATH}.css", _file("css", "text/css")),
        Route(f"{PATH}.json", protected("application/json", _reference)),
        Route(f"{PATH}.graphql", protected("text/plain", _text)),
    ]


def _file(ending: str, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    text = (_HERE / f"schema_page.{ending}").read_text().replace("{form}", DOOR, 1)

    async def answer(_: Request) -> Response:
        return Response(text, media_type=media_type, headers=_HEADERS)

    return answer


@cache
def _reference() -> tuple[bytes, str]:
    """The schema as JSON, with its tag."""
    body = orjson.dumps(reference(schema._schema))
    return body, tag(body)


@cache
def _text() -> tuple[bytes, str]:
    """The schema as it is written for those who generate clients, with its tag."""
    body = f"{schema.as_str()}\n".encode()
    return body, tag(body)
