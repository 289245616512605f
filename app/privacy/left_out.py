"""What no export holds although it is about people, each with the reason; a test knows of everything else."""

from collections.abc import Mapping

_SAME = "Shows again what stands in "
_KEY = "A keyed hash by which nothing but an equal value is found; nobody can tell from it whose it is."
_WORK = "How the work of the machine stands: ids of streams and events, which the events name."

LEFT_OUT: Mapping[str, str] = {
    # Views that repeat others.
    "users.people": f"{_SAME}`personal_data`.",
    "users.flat_users": f"{_SAME}`personal_data`.",
    "users.profile_cards": f"{_SAME}`personal_data.profile`.",
    "tasks.user_stats": "Counts of the tasks that are listed.",
    "tasks.daily_stats": "Counts of the tasks that are listed.",
    "tasks.project_progress": "Counts, of nobody's.",
    "work.user_counts": "Counts of the tasks that are listed.",
    "work.project_cards": f"{_SAME}`activity_data.projects`.",
    "work.project_member_lists": f"{_SAME}`activity_data.projects`.",
    "work.project_search": f"{_SAME}`activity_data.projects`.",
    "work.task_search": f"{_SAME}`activity_data.tasks`.",
    "tenancy.entity_index": "Finds by a key what stands in other views.",
    "auth.sessions": f"{_SAME}`additional_data.sessions`, with hashes of tokens.",
    # Nobody's.
    "tenancy.tenants": "The company.",
    "tenancy.feature_flags": "The company's.",
    # Fields.
    "users.users.email_key": _KEY,
    "auth.invitations.email_key": _KEY,
    "auth.accounts.sessions_after": "A position in the log.",
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
"""Names of views, of tables, and of single fields of views that are exported, as ``users.users.email_key``.

Restricted fields (hashes of secrets) are left out wherever they stand.
"""
