"""Whatever a client sends: a clear error, never a server error, and nothing masked."""

import json
import re
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.kit.execution.value_messages import LONGEST
from tests.api.toy import BEARER, Served, toy_app

JSON_HEADERS = {"content-type": "application/json", "accept": "application/graphql-response+json"}
NUMBER = "query($v: Int!) { number(value: $v) }"
REAL = "query($v: Float!) { real(value: $v) }"
ID = "query($v: ID!) { id(value: $v) }"
ANY = "query($v: JSON!) { json(value: $v) }"
PARCEL = "query($v: Parcel!) { parcel(parcel: $v) }"


def _query(query: str, variables: str = "null") -> bytes:
    return f'{{"query": {json.dumps(query)}, "variables": {variables}}}'.encode()


REFUSED: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b'{"query": "{ hello }"',
    "two values": b'{"query": "{ hello }"} {}',
    "invalid UTF-8": b'{"query": "{ hello(name: \\"\xff\\") }"}',
    "UTF-16": '{"query": "{ hello }"}'.encode("utf-16"),
    "null": b"null",
    "number": b"5",
    "string": b'"{ hello }"',
    "array": b"[]",
    "query 5": b'{"query": 5}',
    "query null": b'{"query": null}',
    "query object": b'{"query": {}}',
    "variables array": b'{"query": "{ hello }", "variables": []}',
    "variables string": b'{"query": "{ hello }", "variables": "{}"}',
    "variables false": b'{"query": "{ hello }", "variables": false}',
    "extensions string": b'{"query": "{ hello }", "extensions": "x"}',
    "operationName object": b'{"query": "{ hello }", "operationName": {}}',
    "unknown field": _query("{ nothing }"),
    "unknown argument": _query("{ hello(nothing: 1) }"),
    "unknown variable": _query("{ hello(name: $nothing) }"),
    "unknown directive": _query("{ hello @nothing }"),
    "unknown type": _query("query($v: Nothing) { hello }"),
    "empty selection": _query("{ }"),
    "missing selection": _query("{ node }"),
    "NUL in the document": _query("{ hello\0 }"),
    "NUL in a literal": _query('{ hello(name: "a\0b") }'),
    "NUL escaped in a literal": _query('{ hello(name: "a\\u0000b") }'),
    "NUL in a variable": _query(ID, '{"v": "a\\u0000b"}'),
    "NUL in a key": _query(ANY, '{"v": {"a\\u0000b": 1}}'),
    "control character in JSON": b'{"query": "{ hello\x01 }"}',
    "control character in the document": _query("{ hello\x01 }"),
    "lone surrogate in the document": b'{"query": "{ hello(name: \\"\\ud800\\") }"}',
    "lone surrogate in a literal": _query('{ hello(name: "\\ud800") }'),
    "lone surrogate in a variable": _query(ID, '{"v": "\\udfff"}'),
    "a query twice": b'{"query": "{ hello }", "query": "{ me }"}',
    "variables twice": b'{"query": "{ hello }", "variables": {}, "variables": {}}',
    "a variable twice": _query(ID, '{"v": "a", "v": "b"}'),
    "a variable twice, once escaped": _query(ID, '{"v": "a", "\\u0076": "b"}'),
    "a member twice, deep in a variable": _query(ANY, '{"v": [{"a": {"b": 1, "c": 2, "b": 1}}]}'),
    "NaN": _query(REAL, '{"v": NaN}'),
    "Infinity": _query(REAL, '{"v": Infinity}'),
    "a float beyond 64 bits": _query(REAL, '{"v": 1e999}'),
    "a float literal beyond 64 bits": _query("{ real(value: 1e999) }"),
    "an integer beyond 32 bits": _query(NUMBER, '{"v": 2147483648}'),
    "an integer beyond 64 bits": _query(NUMBER, '{"v": 99999999999999999999}'),
    "an integer literal of 5,000 digits": _query("{ number(value: " + "9" * 5_000 + ") }"),
    "a float literal of 5,000 digits": _query("{ real(value: 0." + "9" * 5_000 + ") }"),
    "a page of 5,000 digits": _query("query($n: Int = " + "9" * 5_000 + ") { nodes(first: $n) { name } }"),
    "a fraction for an integer": _query(NUMBER, '{"v": 1.5}'),
    "a string for an integer": _query(NUMBER, '{"v": "1"}'),
    "true for an integer": _query(NUMBER, '{"v": true}'),
    "null for an integer": _query(NUMBER, '{"v": null}'),
    "nothing for an integer": _query(NUMBER),
    "an object for an id": _query(ID, '{"v": {}}'),
    "an unknown input field": _query(PARCEL, '{"v": {"text": "x", "nothing": 1}}'),
    "a missing input field": _query(PARCEL, '{"v": {}}'),
    "a string for an input": _query(PARCEL, '{"v": "x"}'),
    "deep JSON": _query(ANY, '{"v": ' + "[" * 500 + "]" * 500 + "}"),
    "very deep JSON": _query(ANY, '{"v": ' + "[" * 100_000 + "]" * 100_000 + "}"),
    "a deep input": _query(PARCEL, '{"v": ' + '{"text": "x", "parcels": [' * 200 + "]}" * 200 + "}"),
    "a deep document": _query("{ node " + "{ self " * 1_900),
    "a deep literal": _query("{ json(value: " + "[" * 1_900 + "]" * 1_900 + ") }"),
    "a deep type": _query("query($v: " + "[" * 1_900 + "Int" + "]" * 1_900 + ") { hello }"),
    "deep inline fragments": _query("{ " + "... { " * 900 + "hello" + " }" * 900 + " }"),
    "deep fragments": _query(
        "{ ...F0 } "
        + " ".join(f"fragment F{i} on Query {{ hello ...F{i + 1} }}" for i in range(400))
        + " fragment F400 on Query { hello }"
    ),
    "fragments in a circle": _query("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"),
    "a fragment of itself": _query("{ ...A } fragment A on Query { ...A }"),
    "repeated fields": _query("{ " + "hello " * 3_000 + "}"),
    "a 10 MB document": _query("{ hello }" + "#" * 10_000_000),
    "a 10 MB variable": _query(ID, '{"v": "' + "x" * 10_000_000 + '"}'),
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
async def test_bad_input_is_refused_with_a_code(client: httpx.AsyncClient, body: bytes) -> None:
    response = await client.post("/graphql", content=body, headers=JSON_HEADERS)
    assert response.status_code == (413 if len(body) > 1_000_000 else 400)
    assert "data" not in response.json()
    for error in response.json()["errors"]:
        assert error["extensions"]["code"] != "INTERNAL"
        assert error["message"]
        # Nobody is told what a client of Python would have to do.
        assert not re.search(r"sys\.|Python|Error\(", error["message"])


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ('{"v": "a\\u0000"}', "Variable '$v' has invalid value: A text must"),
        (
            '{"v": {"a": ["", {"b": "\\u0000"}]}}',
            "Variable '$v' has invalid value at .a[1].b: A text must",
        ),
        ('{"v": {"a": {"\\u0000": 1}}}', "Variable '$v' has invalid value at .a: A text must"),
        ('{"v": {"a b": "\\u0000"}}', "Variable '$v' has invalid value: A text must"),
        ('{"v": {"a": {"a b": ["\\u0000"]}}}', "Variable '$v' has invalid value at .a: A text must"),
        ('{"v": 1, "a b": "\\u0000"}', "Variables must"),
    ],
    ids=["text", "within", "name", "odd name", "within an odd name", "odd variable"],
)
async def test_a_nul_is_told_with_its_place(client: httpx.AsyncClient, variables: str, said: str) -> None:
    response = await client.post(
        "/graphql", content=_query(ANY, variables), headers={"content-type": "application/json"}
    )
    (error,) = response.json()["errors"]
    assert error["message"].startswith(said), error
    assert "U+0000" in error["message"]
    # As of every other wrong variable.
    assert (response.status_code, error["extensions"]["code"]) == (200, "BAD_USER_INPUT")
    place = said.partition(" at ")[2].partition(":")[0]
    assert error["extensions"].get("argument") == (f"value{place}" if said.startswith("Variable '") else None)


async def test_a_nul_in_a_literal_is_told_with_its_place_and_what_only_looks_like_one_is_none(
    client: httpx.AsyncClient,
) -> None:
    bodies: list[dict[str, object]] = [
        {"query": text, "variables": {}}
        for text in (r'{ json(value: {a: ["\u0000"]}) }', r'query($v: ID! = "\u0000") { id(value: $v) }')
    ]
    found = [(await client.post("/graphql", json=body)).json()["errors"][0]["extensions"] for body in bodies]
    assert found == [{"code": "BAD_USER_INPUT", "argument": place} for place in ("value.a[0]", "v")]
    harmless = {"query": r'{ id(value: "\\u0000") }'}
    assert (await client.post("/graphql", json=harmless)).json() == {"data": {"id": "\\u0000"}}


ANSWERED: dict[str, tuple[bytes, object]] = {
    "a byte order mark": (b'\xef\xbb\xbf{"query": "{ hello }"}', {"hello": "Hello you"}),
    "unknown members": (b'{"query": "{ hello }", "nothing": {}}', {"hello": "Hello you"}),
    "control characters in a variable": (_query(ID, '{"v": "a\\u0001\\u007f"}'), {"id": "a\x01\x7f"}),
    "a pair of surrogates": (_query(ID, '{"v": "\\ud83d\\ude00"}'), {"id": "😀"}),
    "one name in several objects": (_query(ANY, '{"v": [{"a": 1}, {"a": {}}]}'), {"json": [{"a": 1}, {"a": {}}]}),
    "surplus variables": (_query("{ hello }", '{"nothing": 1}'), {"hello": "Hello you"}),
    "an empty id": (_query(ID, '{"v": ""}'), {"id": ""}),
    "900 kB": (_query(ID, '{"v": "' + "x" * 900_000 + '"}'), {"id": "x" * 900_000}),
}  # fmt: skip


@pytest.mark.parametrize(("body", "data"), ANSWERED.values(), ids=ANSWERED.keys())
async def test_odd_input_is_answered(client: httpx.AsyncClient, body: bytes, data: object) -> None:
    response = await client.post("/graphql", content=body, headers=JSON_HEADERS)
    assert response.json() == {"data": data}


@pytest.mark.parametrize(
    "query_string",
    [
        "",
        "query",
        "query=",
        "query=%ff",
        "query={hello}&query={hello}",
        "query={hello}&variables=[]",
        "query={hello}&variables={",
        "query={hello}&variables=5",
        "query={hello}&variables={%22a%22:1,%22a%22:2}",
        "query={hello}&extensions=x",
        "query={hello(name:%22%00%22)}",
        "a=b&" * 200 + "query={hello}",
    ],
)
async def test_bad_parameters_are_refused(client: httpx.AsyncClient, query_string: str) -> None:
    response = await client.get(f"/graphql?{query_string}")
    assert response.status_code in (200, 400)
    assert response.json()["errors"][0]["extensions"]["code"] != "INTERNAL"


@pytest.mark.parametrize("name", ["x" * 100_000, "'. Did you mean " * 10_000, "', found: " * 10_000])
async def test_what_is_said_of_a_long_name_is_short(client: httpx.AsyncClient, name: str) -> None:
    body = _query(PARCEL, json.dumps({"v": {name: 1}}))
    (error, *_) = (await client.post("/graphql", content=body, headers=JSON_HEADERS | BEARER)).json()[
        "errors"
    ]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"].startswith("Variable '$v' has invalid value: Expected value of type 'Parcel")
    assert len(error["message"]) <= LONGEST + 1


async def test_the_server_still_answers_after_all_this(client: httpx.AsyncClient, server: Served) -> None:
    assert (await client.post("/graphql", json={"query": "{ hello }"})).json() == {
        "data": {"hello": "Hello you"}
    }
    assert server.toy.sources_open == 0


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["\ud800", "\0", ""])
)
VALUES = st.recursive(
    SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(), v, max_size=3), max_leaves=8
)
WORDS = """{ } ( ) [ ] ! $ : = | @ & . ... # on query mutation subscription fragment $v Int Parcel JSON A
    hello node number value name first self children nodes countdown __typename __schema types
    1 -0 1e9 @skip if true null \\u0000 "x" \"\"\" \ufeff \u2028"""
TOKENS = st.sampled_from(WORDS.split())
DOCUMENTS = (
    st.sampled_from([NUMBER, REAL, ID, ANY, PARCEL, "{ hello }"])
    | st.lists(TOKENS, max_size=40).map(" ".join)
    | st.text()
)
MEMBERS = st.fixed_dictionaries(
    {"query": DOCUMENTS | SCALARS},
    optional={
        "variables": st.fixed_dictionaries({"v": VALUES}) | VALUES,
        "operationName": SCALARS,
        "extensions": VALUES,
    },
)


async def _post(content: bytes, headers: dict[str, str]) -> httpx.Response:
    transport = httpx.ASGITransport(app=toy_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://toy", headers=BEARER) as client:
        return await client.post("/graphql", content=content, headers=headers)


def _is_fair(response: httpx.Response) -> None:
    assert response.status_code < 500
    answer = response.json()
    assert answer.keys() <= {"data", "errors", "extensions"}
    assert all(error["extensions"]["code"] != "INTERNAL" for error in answer.get("errors", ()))


@given(body=MEMBERS | VALUES)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_any_json_gets_a_fair_answer(body: Any) -> None:
    _is_fair(await _post(json.dumps(body).encode(), JSON_HEADERS))


@given(
    body=st.binary(),
    headers=st.dictionaries(
        st.sampled_from(["content-type", "accept"]), st.from_regex(r"[ -~]{0,20}", fullmatch=True)
    ),
)
@settings(max_examples=200, deadline=None)
async def test_any_bytes_get_a_fair_answer(body: bytes, headers: dict[str, str]) -> None:
    _is_fair(await _post(body, JSON_HEADERS | headers))
