"""The manifest of gateway in the API."""

from api.gateway import events, ingestion, letters, sources
from api.kit.manifest import ContextApi

CONTEXT = ContextApi(package=__name__, modules=(events, ingestion, letters, sources))
