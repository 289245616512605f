"""The schema as it is published, and the documents that clients send."""

import re
from pathlib import Path

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, validate

from api.schema import schema
from tests.kit.documents import operations, whole
from tests.schema.published import faults, published

FOLDER = Path(__file__).parents[2] / "graphql"


def test_committed_schema_is_current() -> None:
    committed = (FOLDER / "schema.graphql").read_text()
    assert committed == schema.as_str() + "\n", "Run `make generate`."


@pytest.mark.parametrize("name", sorted(operations()))
def test_client_document_is_valid(name: str) -> None:
    assert faults(operations()[name]) == []


def test_the_documents_are_one_set_without_a_name_twice() -> None:
    """Tools that generate code load all of them at once."""
    assert len(operations()) > 100
    assert validate(published(), whole()) == []


def test_every_type_and_field_is_described() -> None:
    # It is told by introspection, too.
    assert published().description == schema._schema.description
    bare = [] if published().description else ["the schema"]
    for name, type_ in published().type_map.items():
        if name.startswith("__") or name in ("String", "Int", "Float", "Boolean", "ID"):
            continue
        if not type_.description:
            bare.append(name)
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in type_.fields.items():
                if not field.description:
                    bare.append(f"{name}.{field_name}")
                bare += [f"{name}.{field_name}({a})" for a, arg in field.args.items() if not arg.description]
        elif isinstance(type_, GraphQLInputObjectType):
            bare += [f"{name}.{field_name}" for field_name, f in type_.fields.items() if not f.description]
        elif isinstance(type_, GraphQLEnumType):
            pass  # The values of a domain's enum speak for themselves.
    assert bare == []


def test_every_description_is_a_sentence_for_those_who_use_the_api() -> None:
    descriptions = re.findall(r'"""(.*?)"""', schema.as_str(), re.DOTALL)
    private = re.compile(r"``|\ban? [a-z]+_[a-z]+\b|\b(oneself|somebody|wish\w*|whom|things?)\b")
    sentence = re.compile(r"(?!.*\.[A-Z])[A-Z`].*[.)]", re.DOTALL)
    wrong = [d for text in descriptions if private.search(d := text.strip()) or not sentence.fullmatch(d)]
    assert len(descriptions) > 1_000
    assert wrong == []


def test_no_module_lies_directly_in_the_graphql_folder() -> None:
    assert list(FOLDER.glob("*.py")) == []
