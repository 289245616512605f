"""However long the audit goes back, a question about some days reads the months of those days alone."""

import re
from datetime import UTC, datetime
from uuid import UUID

from app.storage.database import Connection
from projections.governance.accesses import AccessFilter, select


async def test_a_range_of_days_touches_its_months_alone(owner: Connection) -> None:
    for month in range(1, 7):
        await owner.fetchval("select audit.make_month($1)", datetime(2031, month, 1, tzinfo=UTC))
    days = AccessFilter(since=datetime(2031, 3, 10, tzinfo=UTC), until=datetime(2031, 4, 2, tzinfo=UTC))
    sql, arguments = select(days, limit=20, before=None, tenant=UUID(int=1))
    plan = await owner.fetch(f"explain {sql}", *arguments)
    read = set(re.findall(r"on (data_access_\d+_\d+)", "\n".join(line for (line,) in plan)))
    assert read == {"data_access_2031_03", "data_access_2031_04"}
