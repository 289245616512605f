"""GraphQL over HTTP: methods, media types, status codes, who asks."""

import gzip
import json

import httpx
import pytest

from api.kit.http.negotiation import EVENT_STREAM, GRAPHQL_JSON, JSON, acceptable
from tests.api.toy import Served

HELLO = {"query": "{ hello }"}


async def test_answers_a_query(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/graphql",
        json={
            "query": "query Q($n: String!) { hello(name: $n) }",
            "variables": {"n": "Ann"},
            "operationName": "Q",
        },
    )
    assert response.json() == {"data": {"hello": "Hello Ann"}}
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"


async def test_answers_a_query_by_get(client: httpx.AsyncClient) -> None:
    response = await client.get(
        "/graphql", params={"query": "query Q($n: String!) { hello(name: $n) }", "variables": '{"n": "Bö"}'}
    )
    assert response.json() == {"data": {"hello": "Hello Bö"}}


async def test_who_has_an_answer_is_told_that_it_still_is_good(client: httpx.AsyncClient) -> None:
    params = {"query": "{ hello }"}
    first = await client.get("/graphql", params=params)
    kept = {name: first.headers[name] for name in ("etag", "cache-control", "vary")}
    assert (kept["cache-control"], kept["vary"]) == ("private, no-cache", "accept, authorization, cookie")
    for given in (first.headers["etag"], f'"x", W/{first.headers["etag"]}', "*"):
        again = await client.get("/graphql", params=params, headers={"if-none-match": given})
        assert (again.status_code, again.content) == (304, b"")
        assert {name: again.headers[name] for name in kept} == kept
    other = await client.get(
        "/graphql", params={"query": '{ hello(name: "you!") }'}, headers={"if-none-match": given[:-1] + '"x"'}
    )
    assert other.json() == {"data": {"hello": "Hello you!"}}


async def test_a_tag_is_given_to_sound_answers_by_get_alone(client: httpx.AsyncClient) -> None:
    anything = {"if-none-match": "*"}
    answers = [
        await client.post("/graphql", json={"query": "{ hello }"}, headers=anything),
        await client.get("/graphql", params={"query": "{ broken }"}, headers=anything),
        await client.get("/graphql", params={"query": "{ nope }"}, headers=anything),
        await client.get(
            "/graphql", params={"query": "{ hello }"}, headers={**anything, "authorization": "no"}
        ),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 401]
    for answer in answers:
        assert "etag" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"


async def test_refuses_a_mutation_by_get(client: httpx.AsyncClient, server: Served) -> None:
    response = await client.get("/graphql", params={"query": 'mutation { shout(text: "get") }'})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert "get" not in server.toy.mutations


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_refuses_other_methods(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/graphql")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/jsonx",
        "",
    ],
)
async def test_refuses_bodies_that_browsers_send_without_asking(
    client: httpx.AsyncClient, server: Served, content_type: str
) -> None:
    response = await client.post(
        "/graphql",
        content=b'{"query": "mutation { shout(text: \\"csrf\\") }"}',
        headers={"content-type": content_type},
    )
    assert response.status_code == 415
    assert response.json()["errors"][0]["extensions"]["code"] == "UNSUPPORTED_MEDIA_TYPE"
    assert "csrf" not in server.toy.mutations


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip", "x"])
async def test_refuses_bodies_in_an_encoding_that_it_does_not_know(
    client: httpx.AsyncClient, encoding: str
) -> None:
    body = gzip.compress(b'{"query": "{ hello }"}')
    headers = {"content-type": "application/json", "content-encoding": encoding}
    response = await client.post("/graphql", content=body, headers=headers)
    assert (response.status_code, response.headers["accept-encoding"]) == (415, "identity")
    assert response.json()["errors"][0]["extensions"]["code"] == "UNSUPPORTED_MEDIA_TYPE"


async def test_takes_a_body_that_says_that_it_is_not_encoded(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json", "content-encoding": "identity"}
    response = await client.post("/graphql", content=b'{"query": "{ hello }"}', headers=headers)
    assert response.json() == {"data": {"hello": "Hello you"}}


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("*/*", JSON),
        ("application/*", JSON),
        (GRAPHQL_JSON, GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}, {JSON};q=0.9", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=0.5, {JSON}", JSON),
        (f"{JSON};q=0, */*", GRAPHQL_JSON),
        ("text/html, */*;q=0.1", JSON),
        (f"{JSON}, {EVENT_STREAM}", JSON),
    ],
)
async def test_answers_in_the_media_type_that_is_preferred(
    client: httpx.AsyncClient, accept: str, media: str
) -> None:
    response = await client.post("/graphql", json=HELLO, headers={"accept": accept})
    assert response.headers["content-type"] == f"{media}; charset=utf-8"


@pytest.mark.parametrize("accept", ["text/html", "image/*", f"{JSON};q=0", f"{JSON};q=nonsense"])
async def test_says_what_it_can_answer_in(client: httpx.AsyncClient, accept: str) -> None:
    response = await client.post("/graphql", json=HELLO, headers={"accept": accept})
    assert response.status_code == 406


def test_an_event_stream_is_given_only_to_those_who_name_it() -> None:
    assert EVENT_STREAM not in acceptable("*/*")
    assert acceptable("text/event-stream") == [EVENT_STREAM]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": ""}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query($n: Int!) { number(value: $n) }", "variables": {"n": "x"}}, "BAD_USER_INPUT"),
        ({"query": "query A { hello } query B { hello }"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "query A { hello }", "operationName": "B"}, "OPERATION_RESOLUTION_FAILURE"),
    ],
)
async def test_a_refused_document_is_a_400_for_new_clients_and_a_200_for_old_ones(
    client: httpx.AsyncClient, body: dict[str, object], code: str
) -> None:
    new = await client.post("/graphql", json=body, headers={"accept": GRAPHQL_JSON})
    old = await client.post("/graphql", json=body, headers={"accept": JSON})
    assert (new.status_code, old.status_code) == (400, 200)
    assert new.json() == old.json()
    assert list(new.json()) == ["errors"]
    assert new.json()["errors"][0]["extensions"]["code"] == code


async def test_batches_are_refused_clearly(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json=[HELLO, HELLO])
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BATCHING_NOT_SUPPORTED"


async def test_persisted_queries_get_the_words_that_clients_compare(client: httpx.AsyncClient) -> None:
    asked = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
    for response in (
        await client.post("/graphql", json={"extensions": asked}),
        await client.get("/graphql", params={"extensions": json.dumps(asked)}),
    ):
        assert response.json()["errors"] == [
            {
                "message": "PersistedQueryNotSupported",
                "extensions": {"code": "PERSISTED_QUERY_NOT_SUPPORTED"},
            }
        ]


async def test_a_subscription_needs_a_stream(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "subscription { countdown }"})
    assert response.status_code == 406


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "Basic bGV0LW1lLWlu"])
async def test_strangers_are_asked_who_they_are(server: Served, header: str | None) -> None:
    async with httpx.AsyncClient(timeout=120) as stranger:
        headers = {} if header is None else {"authorization": header}
        response = await stranger.post(server.http, json=HELLO, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert response.json() == {
        "errors": [{"message": "Say who you are.", "extensions": {"code": "UNAUTHENTICATED"}}]
    }


async def test_resolvers_see_who_asks(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/graphql", json={"query": "{ me }"}, headers={"authorization": "Bearer let-me-in as bob"}
    )
    assert response.json() == {"data": {"me": "bob"}}


async def test_resolvers_extend_the_answer(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", json={"query": "{ stale }"})
    assert response.json() == {"data": {"stale": 42}, "extensions": {"stale": True, "position": 42}}
    assert "extensions" not in (await client.post("/graphql", json=HELLO)).json()


@pytest.mark.parametrize("name", ["authorization", "content-type"])
async def test_headers_that_come_twice_are_refused(server: Served, name: str) -> None:
    twice = [
        ("authorization", "Bearer let-me-in"),
        ("content-type", "application/json"),
        (name, "application/json"),
    ]
    async with httpx.AsyncClient(timeout=120) as bare:
        response = await bare.post(server.http, content=b'{"query":"{hello}"}', headers=twice)
    assert response.status_code == 400
