"""The manifest of operations in the API."""

from api.kit.manifest import ContextApi
from api.operations import effects, nodes, parked, rebuilds, replays, tenants, views

CONTEXT = ContextApi(
    package=__name__,
    modules=(
        views,
        nodes,
        rebuilds,
        parked,
        effects,
        replays,
        tenants,
    ),
)
