"""The manifest of governance among the views."""

from projections.governance import accesses, activity, consents, erasures, exports
from projections.kit.context.context import ContextViews
from projections.kit.context.visibility import ContextVisibility

CONTEXT = ContextViews(
    package=__name__,
    modules=(activity, consents, erasures, exports),
    readers=(lambda reading: accesses.Accesses(reading.rows.reader),),
    visibility=ContextVisibility(
        about_anything={activity.ActivityLog: ("entity_id", "entity_type = 'notification'")},
    ),
)
