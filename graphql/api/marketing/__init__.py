"""The manifest of marketing in the API."""

from api.kit.manifest import ContextApi
from api.marketing import accounts, imports, metrics

CONTEXT = ContextApi(package=__name__, modules=(accounts, imports, metrics))
