"""The manifest of campaigns in the API."""

from api.campaigns import contacts, previews, templates
from api.kit.manifest import ContextApi

CONTEXT = ContextApi(package=__name__, modules=(contacts, previews, templates))
