"""The languages whose inflections search knows; a tenant chooses one."""

LANGUAGES = ("da", "de", "en", "es", "fr", "it", "nl", "no", "pt", "sv")
"""ISO 639 codes."""

NEUTRAL = "und"
"""No language in particular: words are found only as they are written."""

DEFAULT = "en"
"""What is taken of a tenant that has chosen none."""

SETTING = "searchLanguage"
"""The tenant's setting that holds one of these."""
