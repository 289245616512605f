"""A check for `verify`: every view has folded exactly as many events as the log has up to where it stands."""

from collections.abc import Sequence

from app.log.verify import Finding
from app.storage.database import Connection

_LANES = """
select l.view, l.generation, l.position, l.folded, v.inline, l.holder is not null as held, l.error
  from ops.lanes l join ops.views v on v.view = l.view and v.live = l.generation
 order by l.view
"""


async def view_counts(connection: Connection, head: int) -> Sequence[Finding]:
    """What the live views' counts say. Positions are dense, so a view at N that folded N has folded all."""
    findings: list[Finding] = []
    for lane in await connection.fetch(_LANES):
        view, position, folded = lane["view"], lane["position"], lane["folded"]
        if folded != position:
            detail = f"{view} stands at {position} but has folded {folded} events"
            findings.append(Finding("views", detail))
        if position > head:
            findings.append(Finding("views", f"{view} stands at {position}, beyond the log's end at {head}"))
        if lane["inline"] and not lane["held"] and position != head:
            detail = f"{view} is folded with the appends but stands at {position}, not at {head}"
            findings.append(Finding("views", detail))
        if lane["error"] is not None:
            findings.append(Finding("views", f"{view} stands still at {position}: {lane['error']}"))
    return findings
