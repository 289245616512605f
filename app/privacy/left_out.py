"""What no export holds although it is about people, each with the reason; a test knows of everything else."""

from collections.abc import Mapping

from app.contexts import CONTEXTS
from app.privacy.export.sections import PARTS
from domain.kit.context.manifests import joined

_KEY = "A keyed hash by which nothing but an equal value is found; nobody can tell from it whose it is."
_WORK = "How the work of the machine stands: ids of streams and events, which the events name."

_TABLES = {
    # Tables of the log.
    "es.event_ids": _WORK,
    "es.streams": _WORK,
    "es.commands": _WORK,
    "es.reservations": _KEY,
    "es.snapshots": "The state that follows from the events.",
    # Tables of the machine.
    "ops.rebuilds": _WORK,
    "ops.rebuild_views": _WORK,
    "ops.parked": _WORK,
    "ops.discarded": _WORK,
    "processes.instances": _WORK,
    "processes.timers": _WORK,
    "processes.ledger": _WORK,
    "mail.opt_outs": _KEY,
    "mail.sent": _KEY,
    "auth.attempts": _KEY,
    "auth.familiar": _KEY,
    "keys.subject_keys": "The keys by which the rest can be read at all.",
}
"""Tables of the log and the machine."""

LEFT_OUT: Mapping[str, str] = {
    **joined(
        CONTEXTS,
        "not_exported",
        lambda context: ((view.name, why) for view, why in context.not_exported.items()),
    ),
    **{name: why for part in PARTS for name, why in part.left_out.items()},
    **_TABLES,
}
"""Names of views, of tables, and of single fields of views that are exported, as ``users.users.email_key``.

Restricted fields (hashes of secrets) are left out wherever they stand.
"""
