"""The manifest of campaigns in the domain."""

from domain.campaigns.access import CONFIDENTIAL, READ, SEND, WRITE
from domain.campaigns.templates import templates
from domain.kit.context.context import ContextDomain
from domain.kit.context.entities import Entity
from domain.kit.permissions import Permission

CONTEXT = ContextDomain(
    package=__name__,
    modules=(templates,),
    permissions=(
        Permission(READ, "See templates, campaigns and lists of contacts.", "member"),
        Permission(WRITE, "Write templates, prepare campaigns, and keep contacts.", "member"),
        Permission(SEND, "Send campaigns, pause and cancel them.", "admin"),
        Permission(CONFIDENTIAL, "Read the personal data of contacts.", "member"),
    ),
    entities=(Entity(kind="TEMPLATE", aggregate=templates.Template, needs=READ, data=("name",)),),
)
