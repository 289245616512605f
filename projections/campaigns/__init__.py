"""The manifest of campaigns among the views."""

from domain.campaigns.access import READ
from domain.campaigns.templates.templates import Template
from projections.campaigns import templates
from projections.kit.context.context import ContextViews
from projections.kit.context.visibility import ContextVisibility, Shown

CONTEXT = ContextViews(
    package=__name__,
    modules=(templates,),
    visibility=ContextVisibility(
        shown=(Shown(aggregate=Template, view=templates.Templates, needs=READ),),
    ),
    not_exported={
        templates.Templates: "Says what is written to many, and nothing of one.",
        templates.TemplateVersions: "Says what is written to many, and nothing of one.",
    },
)
