"""The settings of a tenant: a JSON object of its own, but for the members that the product reads itself."""

from typing import Annotated, Any

from domain.kit.fields import Authored, Describe, Internal, Requires
from domain.kit.languages import LANGUAGES, NEUTRAL, SETTING
from domain.kit.refusals import Invalid
from domain.tenancy.json_limits import require_plain


# Whatever JSON holds.
def require_settings(settings: Any) -> None:
    """Raise Invalid for settings that cannot be stored, or that say something the product does not know."""
    require_plain(settings)
    if not isinstance(settings, dict) or SETTING not in settings:
        return
    if settings[SETTING] not in (*LANGUAGES, NEUTRAL):
        known = ", ".join((*LANGUAGES, NEUTRAL))
        raise Invalid(field=None, reason=f"has a {SETTING} that is none of {known}")


Settings = Annotated[
    dict[str, Any],
    Internal(),
    Authored(),
    Requires(require_settings),
    Describe("The tenant's settings, a JSON object of at most 16 KiB."),
]
