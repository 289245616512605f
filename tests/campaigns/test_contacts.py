"""Contacts: their rules, how addresses are compared, and the way through the API."""

from uuid import UUID, uuid4

import pytest

from domain.campaigns.contacts.addresses import address_key
from domain.campaigns.contacts.contact_commands import CreateContact
from domain.campaigns.contacts.contact_fields import (
    ContactField,
    CreateContactField,
    FieldNeedsChoices,
    FieldType,
    FieldValue,
    FieldValueDoesNotFit,
)
from domain.campaigns.contacts.contacts import Contact
from domain.kit.refusals import Invalid
from domain.kit.scenario import given, on
from tests.kit.client import Client
from tests.kit.product import Product

CONTACT, FIELD = UUID(int=1), UUID(int=2)
ZOE = {"email": "Zoe.Lang@Example.com", "firstName": "Zoe"}


def test_sends_to_the_address_as_it_was_given_and_compares_its_key() -> None:
    create = CreateContact(id=CONTACT, email=" Zoe.Lang@Example.com", first_name="Zoe ")
    created = Contact.Created(
        email="Zoe.Lang@Example.com", email_key="zoe.lang@example.com", first_name="Zoe"
    )
    given().when(create).then(created)


def test_compares_domains_as_dns_has_them_and_keeps_dots_and_tags() -> None:
    assert address_key("Zoe@MÜNCHEN.example") == address_key("zoe@xn--mnchen-3ya.Example")
    assert address_key("a.b+c@example.com") != address_key("ab@example.com")


@pytest.mark.parametrize(
    "address", ["zoe", "zoé@example.com", "zoe@-.example", "Zoe <zoe@example.com>", "a@b.example,c@d.example"]
)
def test_refuses_what_no_mail_reaches(address: str) -> None:
    given().when(CreateContact(id=CONTACT, email=address)).refused(Invalid, field="email")


@pytest.mark.parametrize(
    ("type", "text", "kept"),
    [
        (FieldType.TEXT, "a “b”", '{"key": "a “b”"}'),
        (FieldType.NUMBER, "12.5", '{"key": 12.5}'),
        (FieldType.NUMBER, "12,5", None),
        (FieldType.NUMBER, "1234567890123456", None),
        (FieldType.NUMBER, "nan", None),
        (FieldType.DATE, "2028-02-29", '{"key": "2028-02-29"}'),
        (FieldType.DATE, "2027-02-29", None),
        (FieldType.DATE, "31.12.2026", None),
        (FieldType.BOOLEAN, "true", '{"key": true}'),
        (FieldType.BOOLEAN, "yes", None),
        (FieldType.CHOICE, "gold", '{"key": "gold"}'),
        (FieldType.CHOICE, "bronze", None),
    ],
)
def test_a_value_fits_the_type_of_its_field(type: FieldType, text: str, kept: str | None) -> None:
    choices = ("gold", "silver") if type is FieldType.CHOICE else ()
    field = ContactField.Created(key="key", label="Level", type=type, choices=choices)
    values = (FieldValue(field_id=FIELD, value=text),)
    create = CreateContact(id=CONTACT, email="zoe@example.com", fields=values)
    said = given(on(FIELD, field)).when(create)
    if kept is None:
        said.refused(FieldValueDoesNotFit, field="fields")
    else:
        said.then(Contact.Created(email="zoe@example.com", email_key="zoe@example.com", fields=kept))


def test_choices_belong_to_fields_of_choices() -> None:
    field = CreateContactField(id=FIELD, key="level", label="Level", type=FieldType.CHOICE)
    given().when(field).refused(FieldNeedsChoices, field="choices")


async def test_a_contact_is_created_found_changed_and_deleted(client: Client) -> None:
    field = await client.send(
        "CreateContactField", input={"key": "points", "label": "Points", "type": "NUMBER"}
    )
    points = [{"fieldId": field["contactField"]["id"], "value": "12.5"}]
    contact = (await client.send("CreateContact", input={**ZOE, "fields": points}))["contact"]
    shown = {"email": ZOE["email"], "firstName": "Zoe", "lastName": None, "fields": {"points": 12.5}}
    assert shown.items() <= contact.items()
    assert (await client.send("ContactByEmail", email="zoe.LANG@example.com"))["id"] == contact["id"]
    edit = {"id": contact["id"], "lastName": "Lang", "email": "zoe@MÜNCHEN.example"}
    changed = await client.send("UpdateContact", input=edit)
    assert {"firstName": "Zoe", "lastName": "Lang", "email": edit["email"]}.items() <= changed[
        "contact"
    ].items()
    assert await client.send("ContactByEmail", email=ZOE["email"]) is None
    again = await client.send("CreateContact", input={"email": "ZOE@xn--mnchen-3ya.example"})
    assert (again["code"], again["field"]) == ("already_taken", "email")
    assert "contact" in await client.send(
        "UpdateContact", input={"id": contact["id"], "email": edit["email"]}
    )
    listed = await client.send("Contacts")
    assert [edge["node"]["id"] for edge in listed["edges"]] == [contact["id"]]
    await client.send("DeleteContact", input={"id": contact["id"]})
    assert (await client.send("Contacts"))["edges"] == []
    assert "contact" in await client.send("CreateContact", input={"email": edit["email"]})


async def test_who_may_not_read_addresses_sees_them_masked(product: Product, client: Client) -> None:
    contact = (await client.send("CreateContact", input=ZOE))["contact"]
    reader = product.client(client.tenant, uuid4(), ["campaigns:read"], role="guest")
    shown = await reader.send("Contact", id=contact["id"])
    assert (shown["email"], shown["firstName"]) == ("Z***@Example.com", "Z***")
