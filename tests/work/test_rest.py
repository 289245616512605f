"""Tasks over REST: the same commands, rows and rules as over GraphQL."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.work.rest import ROUTES
from domain.kit.permissions import ROLES
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product
from tests.work.api import created, project


async def call(client: Client, method: str, path: str, **more: Any) -> httpx.Response:
    """The response to a request with the client's token."""
    headers = {"authorization": f"Bearer {client.token}", **more.pop("headers", {})}
    return await client.http.request(method, path, headers=headers, **more)


async def post(client: Client, body: object, **headers: str) -> httpx.Response:
    return await call(client, "POST", "/tasks", json=body, headers=headers)


def error_of(response: httpx.Response) -> tuple[int, str]:
    """Status and code of a response that tells an error."""
    return response.status_code, response.json()["error"]["code"]


async def test_a_task_is_created_shown_listed_and_found(client: Client) -> None:
    response = await post(client, {"title": "Water the roses", "tags": ["green"]})
    receipt = response.json()
    assert response.status_code == 201
    assert receipt["repeated"] is False
    id, position = receipt["task"]["id"], receipt["position"]
    assert receipt["task"]["creator"]["id"] == client.me

    shown = (await call(client, "GET", f"/tasks/{id}", params={"afterPosition": position})).json()
    assert shown == receipt["task"]
    listed = await call(client, "GET", "/tasks", params={"status": ["TODO", "IN_PROGRESS"], "tag": "green"})
    assert [task["id"] for task in listed.json()["nodes"]] == [id]
    found = await call(client, "GET", "/tasks/search", params={"q": "roses", "afterPosition": position})
    assert [hit["node"]["title"] for hit in found.json()["edges"]] == ["Water the roses"]


async def test_pages_go_on_with_the_cursor(client: Client) -> None:
    for number in range(3):
        await created(client, str(number))
    first = (await call(client, "GET", "/tasks", params={"first": 2, "direction": "ASC"})).json()
    after = first["pageInfo"]["endCursor"]
    second = (await call(client, "GET", "/tasks", params={"direction": "ASC", "after": after})).json()
    assert [task["title"] for task in first["nodes"] + second["nodes"]] == ["0", "1", "2"]


@pytest.mark.parametrize("path", ["/tasks", "/tasks/{}"])
async def test_who_has_an_answer_is_told_that_it_still_is_good(client: Client, path: str) -> None:
    task = await created(client, "Roses")
    path = path.format(task["id"])
    first = await call(client, "GET", path)
    known = {"if-none-match": f'"other", W/{first.headers["etag"]}'}
    again = await call(client, "GET", path, headers=known)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert again.headers["vary"] == "accept, authorization, cookie"
    await client.send("RenameTask", input={"id": task["id"], "title": "Red roses"})
    changed = await call(client, "GET", path, headers=known)
    assert changed.headers["etag"] != first.headers["etag"]
    assert "Red roses" in changed.text


async def test_no_tag_lets_anybody_in_or_says_what_is_not_there(client: Client, product: Product) -> None:
    task = await created(client, "Roses")
    path = f"/tasks/{task['id']}"
    known = {"if-none-match": f"*, {(await call(client, 'GET', path)).headers['etag']}"}
    stranger = await client.http.get(path, headers=known)
    other = await call(await product.newcomer(), "GET", path, headers=known)
    assert (error_of(stranger), error_of(other)) == ((401, "unauthenticated"), (404, "not_found"))
    assert not {"etag"} & (stranger.headers.keys() | other.headers.keys())


async def test_a_browser_keeps_nothing_that_is_confidential(client: Client, product: Product) -> None:
    task = await created(client, "Roses", description="Red ones.")
    guest = product.client(client.tenant, client.user, role="guest")
    shown, masked = [await call(caller, "GET", f"/tasks/{task['id']}") for caller in (client, guest)]
    assert (shown.json()["description"], masked.json()["description"]) == ("Red ones.", "***")
    assert shown.headers["cache-control"] == "no-store"
    assert masked.headers["etag"] != shown.headers["etag"]


async def test_a_request_sent_again_with_its_key_is_carried_out_once(client: Client) -> None:
    key = {"idempotency-key": str(uuid4())}
    first, second = [(await post(client, {"title": "Once"}, **key)).json() for _ in range(2)]
    assert second == first | {"repeated": True}
    assert error_of(await post(client, {"title": "Something else"}, **key)) == (422, "command_id_reused")


async def test_a_refusal_names_its_field(client: Client) -> None:
    response = await post(client, {"title": ""})
    assert response.status_code == 422
    assert response.json()["error"]["field"] == "title"


@pytest.mark.parametrize(
    ("path", "parameters", "code"),
    [
        ("/tasks", {"sort": "title"}, "invalid"),
        ("/tasks", {"first": "many"}, "invalid"),
        ("/tasks", {"first": "99999999999999999999"}, "invalid"),
        ("/tasks", {"first": "101"}, "invalid"),
        ("/tasks", {"first": ["1", "2"]}, "invalid"),
        ("/tasks", {"status": "DONE"}, "invalid"),
        ("/tasks", {"tag": "\0"}, "invalid"),
        ("/tasks/search", {"q": "a\0b"}, "invalid"),
        ("/tasks", {"after": "p0"}, "bad_cursor"),
        ("/tasks/search", {}, "invalid"),
        ("/tasks/nobody", {}, "invalid"),
    ],
    ids=str,
)
async def test_what_cannot_be_asked_is_said(client: Client, path: str, parameters: Any, code: str) -> None:
    assert error_of(await call(client, "GET", path, params=parameters)) == (400, code)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"content": b"{", "headers": {"content-type": "application/json"}}, (400, "bad_request")),
        ({"json": ["title"]}, (400, "bad_request")),
        (
            {"content": b'{"title": "x", "title": "y"}', "headers": {"content-type": "application/json"}},
            (400, "bad_request"),
        ),
        ({"json": {"title": "x"}, "headers": {"content-encoding": "gzip"}}, (415, "unsupported_media_type")),
        ({"data": {"title": "A form"}}, (415, "unsupported_media_type")),
        ({"json": {"title": "x", "owner": "me"}}, (400, "invalid")),
        ({"json": {"title": "x"}, "headers": {"idempotency-key": "again"}}, (400, "invalid")),
        ({"json": {"title": "x", "description": "y" * 1_100_000}}, (413, "body_too_large")),
    ],
    ids=str,
)
async def test_a_body_that_is_none_is_refused(client: Client, more: Any, expected: tuple[int, str]) -> None:
    assert error_of(await call(client, "POST", "/tasks", **more)) == expected


async def test_permissions_are_those_of_graphql(client: Client, product: Product) -> None:
    guest = product.client(client.tenant, client.user, role="guest")
    assert "work:write" not in ROLES["guest"]
    assert error_of(await post(guest, {"title": "No"})) == (403, "forbidden")


async def test_what_is_anothers_is_not_there(client: Client, product: Product) -> None:
    id = (await created(client))["id"]
    stranger = await product.newcomer()
    hidden = await call(stranger, "GET", f"/tasks/{id}")
    assert error_of(hidden) == (404, "not_found")
    assert hidden.json()["detail"] == "There is no such task."
    assert (await call(stranger, "GET", "/tasks")).json()["nodes"] == []


async def test_private_projects_are_hidden(client: Client, product: Product) -> None:
    secret = await project(client, "Secret", visibility="PRIVATE")
    id = (await created(client, "Secret plan", projectId=secret))["id"]
    member = await product.newcomer("Eve", tenant=client.tenant, role="member")
    assert error_of(await call(member, "GET", f"/tasks/{id}")) == (404, "not_found")


async def test_what_is_read_is_in_the_audit(client: Client) -> None:
    await call(client, "GET", "/tasks")

    async def noted() -> bool:
        answer = (await client.post("{ accesses(first: 10) { nodes { operation } } }")).json()
        return "RestTasks" in [node["operation"] for node in answer["data"]["accesses"]["nodes"]]

    await until(noted)


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "title", "title is required."),
        ({"title": None}, "title", "title is required."),
        ({"title": 5}, "title", "title must be a text."),
        ({"title": "a\0"}, "title", "title: A text must not contain the character U+0000."),
        (
            {"title": "x", "tags": ["a", "\0"]},
            "tags[1]",
            "tags[1]: A text must not contain the character U+0000.",
        ),
        ({"title": "x", "owner": "me"}, "owner", "owner is not known here."),
        ({"title": "x", "titel": "me"}, "titel", "titel is not known here."),
        ({"title": "x", "priority": "URGENTLY"}, "priority", "priority cannot be 'URGENTLY'."),
        ({"title": "x", "priority": "high"}, "priority", "priority cannot be 'high'. Did you mean 'HIGH'?"),
        ({"title": "x", "tags": [1]}, "tags[0]", "tags[0] must be a text."),
        (
            {"title": "x", "dueDate": "soon"},
            "dueDate",
            "dueDate: An instant is a text as 2030-01-31T12:00:00Z.",
        ),
        (
            {"title": "x", "projectId": "mine"},
            "projectId",
            "projectId: An id is a UUID as 018f0000-0000-7000-8000-000000000000.",
        ),
    ],
    ids=str,
)
async def test_what_is_wrong_with_a_body_is_said_in_plain_words(
    client: Client, body: Any, field: str, message: str
) -> None:
    response = await post(client, body)
    assert response.status_code == 400
    (wrong,) = response.json()["violations"]
    assert "".join(f"[{part}]" if part.isdigit() else part for part in wrong["path"]) == field
    assert wrong["message"] == message
    told = response.json()
    assert (told["code"], told["detail"], told["field"]) == ("invalid", message, field)


@pytest.mark.parametrize(
    ("path", "parameters", "field", "message"),
    [
        ("/tasks", {"sort": "title"}, "sort", "sort is not known here."),
        ("/tasks", {"first": "many"}, "first", "first must be a whole number."),
        ("/tasks", {"first": ["1", "2"]}, "first", "first must be given once."),
        ("/tasks", {"status": ["TODO", "DONE"]}, "status[1]", "status[1] cannot be 'DONE'."),
        ("/tasks", {"orderBy": "NAME"}, "orderBy", "orderBy cannot be 'NAME'."),
        ("/tasks/search", {}, "q", "q is required."),
        ("/tasks/nobody", {}, "id", "id: An id is a UUID as 018f0000-0000-7000-8000-000000000000."),
    ],
    ids=str,
)
async def test_what_is_wrong_with_a_parameter_is_said_in_plain_words(
    client: Client, path: str, parameters: Any, field: str, message: str
) -> None:
    response = await call(client, "GET", path, params=parameters)
    assert response.status_code == 400
    (wrong,) = response.json()["violations"]
    assert "".join(f"[{part}]" if part.isdigit() else part for part in wrong["path"]) == field
    assert wrong["message"] == message
    told = response.json()
    assert (told["code"], told["detail"], told["field"]) == ("invalid", message, field)


async def test_every_field_that_a_rule_refuses_is_told(client: Client) -> None:
    response = await post(client, {"title": "", "tags": ["x" * 51]})
    assert response.status_code == 422
    error = response.json()["error"]
    assert [(each["path"], each["code"], each["maximum"]) for each in error["violations"]] == [
        (["title"], "too_short", 500),
        (["tags", "0"], "too_long", 50),
    ]
    assert (error["field"], error["message"]) == (
        "title",
        " ".join(violation["message"] for violation in error["violations"]),
    )


async def test_what_one_may_not_is_said_in_plain_words(client: Client, product: Product) -> None:
    guest = product.client(client.tenant, client.user, role="guest")
    told = (await post(guest, {"title": "No"})).json()
    assert (told["code"], told["detail"]) == ("forbidden", "This needs the permission work:write.")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_a_method_that_a_path_has_not_is_refused(client: Client, route: Any) -> None:
    path = route.path.format(id=uuid4())
    assert (await call(client, "DELETE", path)).status_code == 405


async def test_all_values_that_cannot_be_are_told_at_once(client: Client) -> None:
    asked = await call(client, "GET", "/tasks", params={"sort": "title", "first": "many"})
    sent = await post(client, {"title": 5, "priority": "high", "tags": [1]})
    outside = await call(client, "GET", "/tasks", params={"first": "101", "status": "NOPE"})
    # As much as this would cost more than an operation may, too.
    far = await call(client, "GET", "/tasks", params={"first": "1000000000"})
    assert error_of(far) == (400, "invalid")
    told = [
        [(".".join(wrong["path"]), wrong["code"]) for wrong in response.json()["violations"]]
        for response in (asked, sent, outside, far)
    ]
    assert told == [
        [("sort", "unsuitable"), ("first", "format")],
        [("title", "format"), ("priority", "unsuitable"), ("tags.0", "format")],
        [("first", "out_of_range")],
        [("first", "out_of_range")],
    ]
    (wrong,) = outside.json()["violations"]
    assert (wrong["minimum"], wrong["maximum"]) == (0, 100)
    assert outside.json()["detail"] == "first must be from 0 to 100, not 101: a page holds no more."
