"""Templates of mails: queries, live changes and mutations."""

import strawberry

from api.kit.model import Node, Resource, headed, shows
from domain.campaigns.access import READ, WRITE
from domain.campaigns.templates import templates as domain
from projections.campaigns.templates import TemplateRow, Templates, TemplateVersionRow, TemplateVersions
from projections.kit.read.keyset import Order


@shows(TemplateVersionRow, needs=READ)
class TemplateVersion(Node):
    """A version of a template. It never changes."""

    preheader: str | None
    text: str | None


@shows(TemplateRow, needs=READ)
class Template(Node):
    """A template of mails, with its versions."""

    versions = headed(
        TemplateVersion,
        TemplateVersions,
        "template_id",
        order=Order("number", descending=True),
        description="Its versions, the newest first.",
    )


_templates = Resource(Template, Templates, read=READ, write=WRITE)
_versions = Resource(TemplateVersion, TemplateVersions, read=READ)


@strawberry.type
class Query:
    template = _templates.by_id("A template of mails by id.")
    templates = _templates.list("Templates of mails, by pages.")
    template_version = _versions.by_id("A version of a template by id.")


@strawberry.type
class Mutation:
    create_template = _templates.mutation(domain.CreateTemplate)
    save_template = _templates.mutation(domain.SaveTemplate)
    rename_template = _templates.mutation(domain.RenameTemplate)
    duplicate_template = _templates.mutation(domain.DuplicateTemplate)
    archive_template = _templates.mutation(domain.ArchiveTemplate)
    restore_template = _templates.mutation(domain.RestoreTemplate)
