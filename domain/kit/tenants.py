"""What several contexts say of tenants: where their data is, and which slugs nobody is given again.

Whoever has one of those slugs already keeps it.
"""

import re
from enum import StrEnum

from domain.kit.refusals import Invalid


class Placement(StrEnum):
    """Where a tenant's data is stored: `POOLED` in the platform's database, `SILO` in one of its own."""

    POOLED = "pooled"
    SILO = "silo"


_WORDS = """
about account accounts accept-invitation admin administrator api app apps assets auth billing blog cdn
certificates confirm-subscription contact dashboard demo dev docs download downloads email event events export
exports files ftp graphiql graphql headwater health help home host hostmaster imap invitation invitations
internal legal live localhost login logout mail mail-opt-out me metrics mx new news noreply ns null oauth oidc
openid operator operators ops platform pop postmaster preferences pricing privacy production public ready
register registry reset-password root security service services session sessions settings sign-in sign-out
signin signout signup sign-up smtp sso staging static status subscriptions support sys system task tasks team
teams tenant tenants terms test undefined unknown unsubscribe upload uploads user users v1 verify-email
verify-sender webhook webhooks webmaster well-known ws www
"""
RESERVED = frozenset(_WORDS.split())
"""What the product's own addresses begin with, or would be taken for the platform's own voice."""

_ID = re.compile("[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")


def require_free_word(slug: str, *, field: str | None = None) -> None:
    """Raise Invalid for a slug that is reserved, or that could be taken for an id of another tenant."""
    if slug in RESERVED:
        raise Invalid(field=field, reason="is reserved; choose another")
    if _ID.fullmatch(slug):
        raise Invalid(field=field, reason="must not look like an id")
