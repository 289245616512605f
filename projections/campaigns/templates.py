"""Templates of mails and their versions as people read them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.campaigns.templates.templates import Template
from domain.campaigns.templates.terms import Body, Kind, Name, Preheader, Purpose, Subject, Text
from domain.kit.fields import Describe, Public
from projections.kit.declare.folds import STREAM, TIME, EventField, carried
from projections.kit.model import CreatedAt, Id, Index, PostgresView, Row, UpdatedAt, Version


class TemplateRow(Row):
    """A template of mails."""

    id: Id
    name: Name
    kind: Kind
    purpose: Purpose
    archived: Annotated[bool, Public(), Describe("Whether new campaigns can no longer use it.")] = False
    latest_version: Annotated[int, Describe("The newest version.")] = 0
    created_at: CreatedAt
    updated_at: UpdatedAt
    version: Version


class Templates(PostgresView[TemplateRow], name="campaigns.templates", version=1, inline=True):
    """Every template, also those that are archived."""

    words = ("name",)
    collated = {"name": ("name",)}
    indexes = (
        Index("idx_templates_name", ("name_order", "id")),
        Index("idx_templates_created_at", ("created_at", "id")),
        Index("idx_templates_search", ("search_words",), using="gin", finds="@@ tsquery"),
    )

    created = carried(Template.Created, first=True)
    version_added = carried(Template.VersionAdded, latest_version=EventField("number"))
    renamed = carried(Template.Renamed)
    archived = carried(Template.Archived, archived=True)
    restored = carried(Template.Restored, archived=False)


class TemplateVersionRow(Row):
    """A version of a template, as it was saved."""

    id: Annotated[UUID, Describe("The version's id.")]
    template_id: Annotated[UUID, Describe("Whose version it is.")]
    number: Annotated[int, Describe("The version: 1, 2, 3 and so on.")]
    kind: Kind
    subject: Subject
    preheader: Preheader
    body: Body
    text: Text
    created_at: Annotated[datetime, Describe("When it was saved.")]


class TemplateVersions(
    PostgresView[TemplateVersionRow], name="campaigns.template_versions", version=1, inline=True
):
    """Every version of every template."""

    indexes = (Index("idx_template_versions_template", ("template_id", "number", "id")),)

    added = carried(Template.VersionAdded, by="version_id", first=True, template_id=STREAM, created_at=TIME)
