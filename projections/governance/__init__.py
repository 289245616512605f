"""The manifest of governance among the views."""

from projections.governance import accesses, activity, consents, erasures, exports
from projections.kit.context.context import ContextViews
from projections.kit.context.exports import listed
from projections.kit.context.visibility import ContextVisibility, Moments

CONTEXT = ContextViews(
    package=__name__,
    modules=(activity, consents, erasures, exports),
    readers=(lambda reading: accesses.Accesses(reading.rows.reader),),
    visibility=ContextVisibility(
        moments={
            activity.ActivityLog: Moments(
                id="entity_id", kind="entity_type", about_many="entity_type = 'notification'"
            )
        },
    ),
    exports=(
        listed(
            "activity_data", "activities", activity.ActivityLog, "actor_id", "entity_id", people=("actor_id",)
        ),
        listed("additional_data", "consents", consents.ConsentRows, "subject_id"),
        listed("additional_data", "exports", exports.Exports, "subject_id", people=("requested_by",)),
        listed("additional_data", "erasures", erasures.Erasures, "subject_id", people=("requested_by",)),
    ),
)
