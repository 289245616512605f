"""Documents are prepared once, and only so many are kept."""

import pytest
import strawberry
from strawberry.extensions import MaxTokensLimiter

from api.kit.documents import Documents
from api.kit.errors import RequestError
from api.kit.execution import Context, Engine
from api.kit.limits import Limits
from api.kit.request import Request
from tests.api.toy import SCHEMA, Query

TEXT = "query($n: String!) { hello(name: $n) }"


def _documents(limits: Limits | None = None) -> Documents:
    return Documents(SCHEMA._schema, limits or Limits())


def test_a_document_is_prepared_once_whatever_the_variables() -> None:
    documents = _documents()
    first = documents.operation(Request(TEXT, variables={"n": "a"}))
    assert documents.operation(Request(TEXT, variables={"n": "b"})) is first


def test_the_least_recently_used_is_dropped() -> None:
    documents = _documents(Limits(cached_documents=2))
    kept, dropped = documents.operation(Request("{ hello }")), documents.operation(Request("{ me }"))
    documents.operation(Request("{ hello }"))
    documents.operation(Request(TEXT))
    assert documents.operation(Request("{ hello }")) is kept
    assert documents.operation(Request("{ me }")) is not dropped


def test_large_documents_are_not_kept() -> None:
    documents = _documents(Limits(cached_document_chars=100))
    large = Request("{ hello }" + " " * 100)
    assert documents.operation(large) is not documents.operation(large)


@pytest.mark.parametrize("name", [None, ""])
def test_the_only_operation_needs_no_name(name: str | None) -> None:
    assert _documents().operation(Request("query Q { hello }", name)).name == "Q"


def test_one_of_several_operations_is_chosen_by_name() -> None:
    text = "query A { hello } query B { me }"
    assert _documents().operation(Request(text, "B")).name == "B"
    with pytest.raises(RequestError, match="choose one"):
        _documents().operation(Request(text))


def test_a_schema_with_extensions_is_refused_rather_than_run_without_them() -> None:
    schema = strawberry.Schema(Query, extensions=[lambda: MaxTokensLimiter(max_token_count=10)])
    with pytest.raises(ValueError, match="extensions"):
        Engine(schema, Context[str], Limits())
