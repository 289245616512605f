"""The manifest of governance in the API."""

from api.governance import accesses, consents, history, privacy
from api.kit.manifest import ContextApi

CONTEXT = ContextApi(
    package=__name__,
    modules=(
        accesses,
        history,
        consents,
        privacy,
    ),
)
