"""The manifest of gateway in the API."""

from api.gateway import sources
from api.kit.manifest import ContextApi

CONTEXT = ContextApi(package=__name__, modules=(sources,))
