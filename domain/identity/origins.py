"""Where somebody came from who made themselves known: told by their browser, kept under their own key."""

from typing import Annotated

from domain.kit.fields import Confidential, Describe, Len, Personal, Purpose

_WHY = Purpose("To trace a registration that somebody says was not theirs.")

IpAddress = Annotated[
    str, Len(0, 100), Confidential(), Personal(), _WHY, Describe("From which address; empty: not known.")
]
UserAgent = Annotated[
    str, Len(0, 500), Confidential(), Personal(), _WHY, Describe("The user agent of the sign-in.")
]
Referrer = Annotated[
    str,
    Len(0, 500),
    Confidential(),
    Personal(),
    _WHY,
    Describe("The page that led there, without its query."),
]
