"""Documents are prepared once, and only so many are kept."""

import gc
import tracemalloc

import pytest
import strawberry
from strawberry.extensions import MaxTokensLimiter

from api.kit.execution.documents import Documents
from api.kit.execution.engine import Context, Engine
from api.kit.execution.errors import RequestError
from api.kit.execution.limits import Limits
from api.kit.execution.request import GraphQLRequest
from tests.api.toy import SCHEMA, Query

TEXT = "query($n: String!) { hello(name: $n) }"


def _documents(limits: Limits | None = None) -> Documents:
    return Documents(SCHEMA._schema, limits or Limits())


def test_a_document_is_prepared_once_whatever_the_variables() -> None:
    documents = _documents()
    first = documents.operation(GraphQLRequest(TEXT, variables={"n": "a"}))
    assert documents.operation(GraphQLRequest(TEXT, variables={"n": "b"})) is first


@pytest.mark.parametrize(
    ("variables", "fields"), [({"n": True}, ("Query.hello",)), ({}, ("Query.hello", "Query.me"))]
)
def test_what_a_directive_leaves_out_is_not_selected(
    variables: dict[str, object], fields: tuple[str, ...]
) -> None:
    text = "query($n: Boolean = false) { hello me @skip(if: $n) id(value: 1) @include(if: false) }"
    assert _documents().operation(GraphQLRequest(text, variables=variables)).fields == fields


def test_the_least_recently_used_is_dropped() -> None:
    documents = _documents(Limits(cached_bytes=10_000))
    kept, dropped = (
        documents.operation(GraphQLRequest("{ hello }")),
        documents.operation(GraphQLRequest("{ me }")),
    )
    documents.operation(GraphQLRequest("{ hello }"))
    documents.operation(GraphQLRequest(TEXT))
    assert documents.operation(GraphQLRequest("{ hello }")) is kept
    assert documents.operation(GraphQLRequest("{ me }")) is not dropped


def test_what_is_larger_than_all_that_may_be_kept_is_not() -> None:
    documents = _documents(Limits(cached_bytes=8_000))
    large = GraphQLRequest("{ hello }" + " " * 2_000)
    assert documents.operation(large) is not documents.operation(large)


def test_nothing_is_kept_for_strangers() -> None:
    documents = _documents()
    strange = documents.operation(GraphQLRequest("{ hello }"), stranger=True)
    assert documents.operation(GraphQLRequest("{ hello }"), stranger=True) is not strange
    known = documents.operation(GraphQLRequest("{ hello }"))
    assert documents.operation(GraphQLRequest("{ hello }"), stranger=True) is known


@pytest.mark.parametrize("text", ["{ " + "hello " * 300 + "}", "{ hello } #" + "x" * 8_000])
def test_little_is_parsed_for_strangers(text: str) -> None:
    documents = _documents(Limits(duplicates=1_000))
    with pytest.raises(RequestError) as refused:
        documents.operation(GraphQLRequest(text), stranger=True)
    assert refused.value.errors[0]["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert documents.operation(GraphQLRequest(text)).fields == ("Query.hello",)


def test_a_long_document_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(RequestError) as refused:
        _documents().operation(GraphQLRequest('{ hello(name: """' + "x\n" * 60_000))
    assert refused.value.errors[0]["extensions"] == {"code": "LIMIT_EXCEEDED", "limit": 100_000}


@pytest.mark.slow
def test_memory_of_what_is_kept_is_bounded_by_bytes() -> None:
    """Sixty documents of 4 kB, each of which takes about half a megabyte as a tree."""
    limits = Limits(cached_bytes=2_000_000, aliases=1_000)
    documents = _documents(limits)
    tracemalloc.start()
    try:
        for number in range(60):
            fields = " ".join(f"a{n}: hello" for n in range(number, number + 300))
            documents.operation(GraphQLRequest(f"{{ {fields} }}"))
        gc.collect()
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < 1.25 * limits.cached_bytes


@pytest.mark.parametrize("name", [None, ""])
def test_the_only_operation_needs_no_name(name: str | None) -> None:
    assert _documents().operation(GraphQLRequest("query Q { hello }", name)).name == "Q"


def test_one_of_several_operations_is_chosen_by_name() -> None:
    text = "query A { hello } query B { me }"
    assert _documents().operation(GraphQLRequest(text, "B")).name == "B"
    with pytest.raises(RequestError, match="choose one"):
        _documents().operation(GraphQLRequest(text))


def test_a_schema_with_extensions_is_refused_rather_than_run_without_them() -> None:
    schema = strawberry.Schema(Query, extensions=[lambda: MaxTokensLimiter(max_token_count=10)])
    with pytest.raises(ValueError, match="extensions"):
        Engine(schema, Context[str], Limits())
