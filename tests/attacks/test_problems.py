"""Whatever a route beside GraphQL does not do, it says in one shape."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from app.telemetry.monitoring_access import watch_token
from tests.kit.client import Client
from tests.kit.product import Product

NOWHERE = UUID(int=404)
"""Of nothing that there is; the same in every process that shares the tests."""
JSON = {"content-type": "application/json"}
LARGE = b'{"email": "' + b"x" * 1_100_000 + b'"}'


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "code"),
    [
        ("GET", f"/{NOWHERE}", {}, 404, "not_found"),
        ("GET", "/auth/nothing", {}, 404, "not_found"),
        ("GET", "/tasks/a/b", {}, 404, "not_found"),
        ("DELETE", "/auth/sign-in", {}, 405, "method_not_allowed"),
        ("DELETE", "/tasks", {}, 405, "method_not_allowed"),
        ("POST", "/health/live", {}, 405, "method_not_allowed"),
        ("POST", f"/exports/{NOWHERE}", {}, 405, "method_not_allowed"),
        ("POST", "/auth/sign-in", {"content": LARGE, "headers": JSON}, 413, "body_too_large"),
        ("POST", "/tasks", {"content": LARGE, "headers": JSON}, 413, "body_too_large"),
        ("POST", "/auth/sign-in", {"content": b"x"}, 415, "unsupported_media_type"),
        ("POST", "/tasks", {"content": b"x"}, 415, "unsupported_media_type"),
        ("POST", "/auth/sign-in", {"content": b"[1]", "headers": JSON}, 400, "bad_request"),
        ("POST", "/tasks", {"content": b"[1]", "headers": JSON}, 400, "bad_request"),
        ("POST", "/auth/sign-in", {"json": {"email": 5}}, 400, "invalid"),
        ("POST", "/tasks", {"json": {"title": 5}}, 400, "invalid"),
        ("GET", f"/exports/{NOWHERE}", {}, 404, "not_found"),
    ],
)
async def test_all_say_it_in_one_shape(
    product: Product, client: Client, method: str, path: str, more: Any, status: int, code: str
) -> None:
    headers = {"authorization": f"Bearer {client.token}", **more.get("headers", {})}
    response = await product.http.request(method, path, **{**more, "headers": headers})
    assert _told(response) == (status, code)
    if status == 405:
        assert response.headers["allow"]


@pytest.mark.parametrize("path", ["/tasks", "/metrics", f"/exports/{NOWHERE}"])
async def test_who_is_nobody_is_told_so_in_that_shape(product: Product, path: str) -> None:
    response = await product.http.get(path)
    assert _told(response) == (401, "unauthenticated")
    assert response.headers["www-authenticate"]


async def test_who_watches_is_told_too(product: Product) -> None:
    wrong = {"authorization": f"Bearer {watch_token(product.settings)}x"}
    assert _told(await product.http.get("/metrics", headers=wrong)) == (401, "unauthenticated")


def _told(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    told = response.json()
    error = told.pop("error")
    assert told.keys() == {"type", "title", "status", "detail", "code", "field", "violations"}
    assert told["type"] == f"/docs/errors.md#{told['code']}"
    assert told["status"] == response.status_code
    assert error == {
        **{"code": told["code"], "message": told["detail"], "field": told["field"]},
        **({"violations": told["violations"]} if told["violations"] else {}),
    }
    assert told["detail"]
    assert [".".join(wrong["path"]) for wrong in told["violations"]][:1] == (
        [told["field"]] if told["code"] == "invalid" else []
    )
    return response.status_code, told["code"]
