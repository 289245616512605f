"""The manifest of commerce in the API."""

from api.commerce import orders, products
from api.kit.manifest import ContextApi

CONTEXT = ContextApi(package=__name__, modules=(orders, products))
