"""Templates: their versions, how they are copied and archived, and the way through the API."""

from typing import Any
from uuid import UUID

from domain.campaigns.templates.templates import (
    ArchiveTemplate,
    CreateTemplate,
    DuplicateTemplate,
    RenameTemplate,
    RestoreTemplate,
    SaveTemplate,
    Template,
    TemplateIsArchived,
    version_id,
)
from domain.campaigns.templates.terms import TemplateKind, TemplatePurpose
from domain.kit.refusals import Invalid
from domain.kit.scenario import given, on
from projections.campaigns.templates import Templates, TemplateVersions
from tests.campaigns.mails import MJML
from tests.kit.client import Client
from tests.kit.folding import folded
from tests.kit.product import Product

TEMPLATE, COPY = UUID(int=1), UUID(int=2)
CREATED = Template.Created(name="Sale", kind=TemplateKind.MJML, purpose=TemplatePurpose.MARKETING)


def saved(number: int = 1, subject: str = "Sale!", text: str = "", template: UUID = TEMPLATE) -> Any:
    """A version was added."""
    return Template.VersionAdded(
        version_id=version_id(template, number),
        number=number,
        kind=TemplateKind.MJML,
        subject=subject,
        preheader="",
        body=MJML,
        text=text,
    )


def test_begins_with_a_first_version() -> None:
    create = CreateTemplate(id=TEMPLATE, name=" Sale ", subject="Sale!", body=MJML)
    given().when(create).then(CREATED, saved())


def test_refuses_what_is_too_large_or_more_than_a_line() -> None:
    large = CreateTemplate(id=TEMPLATE, name="Sale", subject="Sale!", body="x" * 200_001)
    given().when(large).refused(Invalid, field="body")
    lines = CreateTemplate(id=TEMPLATE, name="Sale", subject="Sale!\nBcc: eve@example.com", body=MJML)
    given().when(lines).refused(Invalid, field="subject")


def test_each_save_adds_a_version_unless_nothing_changed() -> None:
    save = SaveTemplate(id=TEMPLATE, subject="Last days")
    given(CREATED, saved()).when(save).then(saved(2, "Last days"))
    given(CREATED, saved(), saved(2, "Last days")).when(save).then()


def test_is_duplicated_as_it_is_now() -> None:
    copy = DuplicateTemplate(id=COPY, template_id=TEMPLATE, name="Winter sale")
    created = Template.Created(name="Winter sale", kind=TemplateKind.MJML, purpose=TemplatePurpose.MARKETING)
    history = on(TEMPLATE, CREATED, saved(), saved(2, "Last days"))
    given(history).when(copy).then(created, saved(1, "Last days", template=COPY))


def test_is_archived_and_restored_once_and_saved_in_between_by_nobody() -> None:
    archive, restore = ArchiveTemplate(id=TEMPLATE), RestoreTemplate(id=TEMPLATE)
    given(CREATED, saved()).when(archive).then(Template.Archived())
    archived = (CREATED, saved(), Template.Archived())
    given(*archived).when(archive).then()
    given(*archived).when(SaveTemplate(id=TEMPLATE, subject="x")).refused(TemplateIsArchived, field="id")
    given(*archived).when(restore).then(Template.Restored())
    given(CREATED, saved()).when(restore).then()
    given(CREATED, saved()).when(RenameTemplate(id=TEMPLATE, name="Sale ")).then()


def test_every_version_stays_as_it_was_saved() -> None:
    history = on(TEMPLATE, CREATED, saved(), saved(2, "Last days"), Template.Renamed(name="Winter"))
    (row,) = folded(Templates(), history).values()
    assert (row.name, row.latest_version, row.archived) == ("Winter", 2, False)
    versions = folded(TemplateVersions(), history).values()
    assert [(each.number, each.subject) for each in versions] == [(1, "Sale!"), (2, "Last days")]


async def test_a_template_is_written_listed_and_copied(product: Product, client: Client) -> None:
    written = {"name": "Sale", "subject": "Sale!", "body": MJML}
    created = (await client.send("CreateTemplate", input=written))["template"]
    id = created["id"]
    assert (created["kind"], created["purpose"], created["latestVersion"]) == ("MJML", "MARKETING", 1)
    save = {"id": id, "subject": "Last days", "text": "Bye {{ unsubscribe_url }}"}
    receipt = await client.send("SaveTemplate", input=save)
    shown = await client.send("Template", id=id, afterPosition=receipt["position"])
    last, first = shown["versions"]["nodes"]
    assert (last["number"], last["subject"]) == (2, "Last days")
    assert await client.send("TemplateVersion", id=last["id"]) == {**last, "body": MJML, "text": save["text"]}
    assert await client.send("TemplateVersion", id=first["id"]) == {**first, "body": MJML, "text": None}
    await client.send("DuplicateTemplate", input={"templateId": id, "name": "Copy"})
    await client.send("ArchiveTemplate", input={"id": id})
    listed = await client.send("Templates", filter={"archived": {"eq": False}})
    assert [edge["node"]["name"] for edge in listed["edges"]] == ["Copy"]
    guest = product.client(client.tenant, client.user, role="guest")
    assert (await guest.error("Templates"))[0] == "FORBIDDEN"
    other = await product.newcomer("Eve")
    assert await other.send("Template", id=id) is None


async def test_a_template_is_checked_and_previewed_before_and_after_it_is_saved(client: Client) -> None:
    wrong = {"subject": "Hi {{ contact.frist_name }}", "body": MJML}
    checked = await client.send("CheckTemplate", **wrong)
    said = "Subject uses contact.frist_name in line 1 (perhaps contact.first_name)."
    assert checked["refusal"] == {"code": "invalid", "message": said, "field": "subject"}
    refused = await client.send("CreateTemplate", input={"name": "Sale", **wrong})
    assert (refused["code"], refused["message"], refused["field"]) == ("invalid", said, "subject")
    created = await client.send(
        "CreateTemplate", input={"name": "Sale", "subject": "Hi {{ contact.first_name }}", "body": MJML}
    )
    id = created["template"]["id"]
    refused = await client.send("SaveTemplate", input={"id": id, "body": "<mjml></mj-body>"})
    assert (refused["code"], refused["field"]) == ("invalid", "body")
    await client.send("SaveTemplate", input={"id": id, "subject": "Bye {{ contact.first_name }}"})
    shown = await client.send("TemplatePreview", templateId=id, contact={"first_name": "<Zoe>"})
    assert (shown["subject"], shown["refusal"]) == ("Bye <Zoe>", None)
    assert "Hello &lt;Zoe&gt;" in shown["html"]
    assert shown["text"].startswith("Hello <Zoe>\n\nShop now (https://shop.example/sale?a=1&b=2#new)")
    assert shown["warnings"] == [{"code": "NO_TEXT", "about": None}]
    first = await client.send("TemplatePreview", templateId=id, number=1)
    assert first["subject"] == "Hi Ada"
    assert (await client.send("TemplatePreview", templateId=id, number=9))["refusal"]["field"] == "number"
    wrong_contacts: list[Any] = [7, {"nmae": "x"}, {"fields": {"x": {}}}, {"fields": [1]}]
    for contact in wrong_contacts:
        answer = await client.send("TemplatePreview", templateId=id, contact=contact)
        assert answer["refusal"]["field"] == "contact"


async def test_a_preview_shows_a_contact_to_who_may_read_it(product: Product, client: Client) -> None:
    key = {"key": "level", "label": "Level", "type": "TEXT"}
    field_id = (await client.send("CreateContactField", input=key))["contactField"]["id"]
    of_zoe = {
        "email": "Zoe@example.com",
        "firstName": "Zoe",
        "fields": [{"fieldId": field_id, "value": "gold"}],
    }
    zoe = await client.send("CreateContact", input=of_zoe)
    subject = "{{ contact.first_name }} {{ contact.fields.level }} {{ contact.email }}"
    written = {"name": "Sale", "subject": subject, "body": MJML}
    id = (await client.send("CreateTemplate", input=written))["template"]["id"]
    asked = {"templateId": id, "contactId": zoe["contact"]["id"], "afterPosition": zoe["position"]}
    shown = await client.send("TemplatePreview", **asked)
    assert shown["subject"] == "Zoe gold Zoe@example.com", shown["refusal"]
    reader = product.client(client.tenant, client.user, ["campaigns:read"], role="guest")
    refusal = (await reader.send("TemplatePreview", **asked))["refusal"]
    assert (refusal["code"], refusal["field"]) == ("forbidden", "contactId")
    nobody = await (await product.newcomer("Eve")).send("TemplatePreview", **asked)
    assert (nobody["refusal"]["code"], nobody["html"]) == ("not_found", None)
