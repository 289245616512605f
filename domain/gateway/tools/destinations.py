"""Destinations: analytics tools and CRMs. A destination is a webhook that speaks the protocol of one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from domain.kit.fields import Authored, Confidential, Describe, Internal, Len, Pattern, Restricted
from domain.kit.model import ONE_LINE, Refusal


class WebhookKind(StrEnum):
    """What a webhook speaks: ours, signed, or the protocol of a tool."""

    WEBHOOK = "webhook"
    SEGMENT = "segment"
    MIXPANEL = "mixpanel"
    GA4 = "ga4"
    HUBSPOT = "hubspot"
    SALESFORCE = "salesforce"


Kind = Annotated[WebhookKind, Internal(), Describe("What it speaks.")]
_MAPPED = Pattern("[A-Za-z0-9_]+=[A-Za-z0-9_]+([.][A-Za-z0-9_]+)*", "maps nothing, as email=email does")
Mapped = Annotated[
    tuple[Annotated[str, Len(3, 200), ONE_LINE, _MAPPED], ...],
    Len(0, 50),
    Confidential(),
    Authored(),
    Describe(
        "Which fields of events leave, each under which name, as `first_name=firstName` or `email=payload.email`. "
        "Nothing else leaves but an event's type, time and ids. `userId=...` says who it is about."
    ),
]
_CREDENTIAL = Pattern("[A-Za-z]+=.+", "is no credential, as writeKey=abc")
Credentials = Annotated[
    tuple[Annotated[str, Len(3, 4000), ONE_LINE, _CREDENTIAL], ...],
    Len(1, 10),
    Restricted(),
    Describe("What lets events in there, as `writeKey=abc`, by kind; sealed, and never shown again."),
]
CredentialNames = Annotated[
    tuple[str, ...],
    Internal(),
    Describe("The names of the credentials that are set; none of a plain webhook."),
]


class CredentialsUnsuitable(Refusal):
    """What is of the kind {kind} takes the credentials {wanted}, each once, as name=value in one line."""


class DestinationCredentialsMissing(Refusal):
    """Say the credentials with another address: those that are stored are not sent there."""


class DestinationUrlMissing(Refusal):
    """Say the address of this tool, as https://company.my.salesforce.com."""


class DestinationMappingMissing(Refusal):
    """Map a field to {name}, as contacts are known by it there."""


class DestinationMappingUnmet(Refusal):
    """No event of these types has {mapped}, which the mapping names."""


class NotADestination(Refusal):
    """This webhook is no destination."""


class NotAPlainWebhook(Refusal):
    """This webhook is a destination, so change it as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationTerms:
    """What a kind of destinations needs to be told."""

    credentials: tuple[str, ...]
    url: str | None
    """Where it is unless somebody says otherwise; None: each company has its own."""
    purpose: str
    """What it is for: nothing about a person who refuses this leaves (ADR 32)."""
    mapped: tuple[str, ...] = ()
    """Names that must be mapped."""


TERMS: Mapping[WebhookKind, DestinationTerms] = {
    WebhookKind.SEGMENT: DestinationTerms(
        credentials=("writeKey",), url="https://api.segment.io", purpose="analytics.segment"
    ),
    WebhookKind.MIXPANEL: DestinationTerms(
        credentials=("projectId", "secret", "username"),
        url="https://api.mixpanel.com",
        purpose="analytics.mixpanel",
    ),
    WebhookKind.GA4: DestinationTerms(
        credentials=("apiSecret", "measurementId"),
        url="https://www.google-analytics.com",
        purpose="analytics.ga4",
    ),
    WebhookKind.HUBSPOT: DestinationTerms(
        credentials=("accessToken",), url="https://api.hubapi.com", purpose="crm.hubspot", mapped=("email",)
    ),
    WebhookKind.SALESFORCE: DestinationTerms(
        credentials=("clientId", "clientSecret", "externalId"),
        url=None,
        purpose="crm.salesforce",
        mapped=("LastName",),
    ),
}


def credential_names(credentials: tuple[str, ...]) -> tuple[str, ...]:
    """The names of what is given, in order; empty for what is none, as it says nothing or has several lines."""
    pairs = ((*each.partition("="), each) for each in credentials)
    return tuple(
        sorted(name if value.strip() and each.isprintable() else "" for name, _, value, each in pairs)
    )


def require_credentials(kind: str, wanted: tuple[str, ...], names: tuple[str, ...]) -> None:
    """Raise CredentialsUnsuitable unless these are the ones that a kind takes."""
    if names != wanted:
        raise CredentialsUnsuitable(kind=kind, wanted=", ".join(wanted), field="credentials")


def require_mapped(kind: WebhookKind, mapping: tuple[str, ...]) -> None:
    """Raise DestinationMappingMissing for a name that a kind cannot do without."""
    targets = {each.partition("=")[0] for each in mapping}
    for name in TERMS[kind].mapped:
        if name not in targets:
            raise DestinationMappingMissing(name=name, field="mapping")


_SEALED = "sealed="


def as_sealed(text: str) -> tuple[str]:
    """Credentials as they are stored, in one text that is sealed."""
    return (_SEALED + text,)


def sealed_text(credentials: tuple[str, ...]) -> str:
    """The text that is stored. Raises ValueError for credentials that nobody has sealed."""
    if len(credentials) != 1 or not credentials[0].startswith(_SEALED):
        raise ValueError("Credentials are stored sealed.")
    return credentials[0].removeprefix(_SEALED)
