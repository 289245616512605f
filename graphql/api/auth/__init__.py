"""The manifest of signing in in the API."""

from api.auth import accounts, factors, recovery, sessions, sign_in
from api.kit.manifest import ContextApi

CONTEXT = ContextApi(
    package=__name__,
    modules=(
        sign_in,
        recovery,
        sessions,
        factors,
        accounts,
    ),
)
