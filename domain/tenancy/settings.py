"""The settings of a tenant: a JSON object of its own, but for the members that the product reads itself."""

from typing import Any

from domain.kit.languages import LANGUAGES, NEUTRAL, SETTING
from domain.kit.refusals import Invalid
from domain.tenancy.json_limits import require_plain


def require_settings(settings: dict[str, Any]) -> None:
    """Raise Invalid for settings that cannot be stored, or that say something the product does not know."""
    require_plain(settings, field="settings")
    if SETTING in settings and settings[SETTING] not in (*LANGUAGES, NEUTRAL):
        known = ", ".join((*LANGUAGES, NEUTRAL))
        raise Invalid(field="settings", reason=f"has a {SETTING} that is none of {known}")
