"""The manifest of campaigns in the API."""

from api.campaigns import campaigns, contact_lists, contacts, previews, suppressions, templates
from api.kit.manifest import ContextApi

CONTEXT = ContextApi(
    package=__name__,
    modules=(
        campaigns,
        contact_lists,
        contacts,
        previews,
        suppressions,
        templates,
    ),
)
