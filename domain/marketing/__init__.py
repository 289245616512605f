"""The manifest of marketing in the domain."""

from domain.kit.context.context import ContextDomain
from domain.kit.context.entities import Entity
from domain.kit.permissions import Permission
from domain.marketing import accounts, campaigns, imports
from domain.marketing.access import CONFIDENTIAL, READ, WRITE
from domain.marketing.import_runs import MarketingImportRun

CONTEXT = ContextDomain(
    package=__name__,
    modules=(accounts, campaigns, imports),
    permissions=(
        Permission(READ, "See what marketing costs and brings.", "member"),
        Permission(WRITE, "Keep accounts, record their figures and import these.", "member"),
        Permission(CONFIDENTIAL, "Read the ids of the files that others have imported.", "admin"),
    ),
    entities=(
        Entity(
            kind="MARKETING_ACCOUNT",
            aggregate=accounts.MarketingAccount,
            starts="opened",
            needs=READ,
            data=("name",),
        ),
    ),
    processes=(MarketingImportRun,),
)
