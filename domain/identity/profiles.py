"""What a person says about themselves: the texts of a profile, each with its limits and what it is kept for."""

from typing import Annotated

from domain.kit.fields import (
    Confidential,
    Describe,
    Internal,
    Len,
    Pattern,
    Personal,
    Public,
    Purpose,
    Requires,
)
from domain.kit.process.zones import require_zone
from domain.kit.text import ADDRESS, ONE_LINE

EMAIL_INDEX = "identity.user.email"
"""Under which an address is reserved in the tenant, and found."""

Email = Annotated[
    str,
    Len(3, 255),
    ADDRESS,
    Confidential(),
    Personal(searchable=EMAIL_INDEX),
    Purpose("To reach the person, and to tell people apart."),
    Describe("The user's e-mail address."),
]
FirstName = Annotated[
    str,
    Len(1, 100),
    ONE_LINE,
    Public(),
    Personal(),
    Purpose("To show colleagues who did what."),
    Describe("The user's first name."),
]
LastName = Annotated[
    str,
    Len(0, 100),
    ONE_LINE,
    Public(),
    Personal(),
    Purpose("To show colleagues who did what."),
    Describe("The user's last name."),
]
AvatarUrl = Annotated[
    str,
    Len(0, 2000),
    # Browsers load it, so nothing but a web address may stand there, not even one with a script in it.
    Pattern(r"(https://[^\s\"'<>\\]+)?", "is not an https address"),
    Internal(),
    Personal(),
    Purpose("To show colleagues a picture of the person."),
    Describe("The https URL of a picture of the user; null or empty for none."),
]
Bio = Annotated[
    str,
    Len(0, 5000),
    Internal(),
    Personal(),
    Purpose("What the person wants colleagues to know."),
    Describe("What the user says about themselves, as plain text."),
]
Location = Annotated[
    str,
    Len(0, 255),
    ONE_LINE,
    Internal(),
    Personal(),
    Purpose("To let colleagues know where the person works."),
    Describe("The user's location."),
]
Timezone = Annotated[
    str,
    Len(1, 50),
    Internal(),
    Requires(require_zone),
    Describe("The user's IANA time zone, such as `Europe/Berlin`."),
]
Language = Annotated[
    str,
    Len(2, 10),
    Pattern(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", "is not a language tag such as en or pt-BR"),
    Internal(),
    Describe("The user's language, as a tag such as `en` or `pt-BR`."),
]
