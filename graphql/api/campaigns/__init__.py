"""The manifest of campaigns in the API."""

from api.kit.manifest import ContextApi

CONTEXT = ContextApi(package=__name__)
