"""Previews of templates: what a mail would look like, and what is wrong before it is saved."""

import asyncio
import json
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.kit.model import After, Info, Refusal, argument, covered, enum, field
from api.kit.schema.commands import Refused
from api.kit.schema.context import RequestContext
from api.kit.schema.masking import masked
from api.kit.schema.scalars import Json
from domain.campaigns.access import CONFIDENTIAL, READ
from domain.campaigns.rendering.content import Content
from domain.campaigns.rendering.faults import TemplateFault
from domain.campaigns.templates import previews as domain
from domain.campaigns.templates.checks import CONTACT, refusal_of
from domain.campaigns.templates.templates import version_id
from domain.campaigns.templates.terms import (
    LONGEST_BODY,
    LONGEST_LINE,
    LONGEST_TEXT,
    TemplateKind,
    TemplatePurpose,
)
from domain.kit.model import Forbidden, Invalid, NotFound
from domain.kit.refusals import ViolationCode
from domain.kit.sealed import ERASED, is_sealed
from projections.campaigns.contacts import Contacts
from projections.campaigns.templates import Templates, TemplateVersions

_MOST_FIELDS, _LONGEST_VALUE = 200, 10_000


@covered
@strawberry.type(description="Says what recipients of a mail may miss.")
class TemplateWarning:
    """A warning as the API shows it."""

    code: enum(domain.WarningCode) = strawberry.field(description="What it is.")  # type: ignore[valid-type]
    about: str | None = strawberry.field(description="What it is about, as the address of a link.")


@covered
@strawberry.type(description="A mail of a template as a contact would get it; nothing was sent.")
class TemplatePreview:
    """The answer of a preview."""

    subject: str | None = strawberry.field(description="The subject.")
    html: str | None = strawberry.field(description="The mail as HTML.")
    text: str | None = strawberry.field(description="The mail as plain text.")
    links: list[str] = strawberry.field(description="The addresses of its links, in order.")
    warnings: list[TemplateWarning] = strawberry.field(description="What recipients may miss.")
    refusal: Refused | None = strawberry.field(
        description="What is wrong with the template, where there is no mail; else null."
    )


async def _preview(
    kind: TemplateKind, purpose: TemplatePurpose, content: Content, contact: Mapping[str, Any]
) -> TemplatePreview:
    # In a thread, so that others have their turn meanwhile.
    found = await asyncio.to_thread(domain.preview, kind, purpose, content, contact)
    if isinstance(found, TemplateFault):
        return _refused(refusal_of(found))
    return TemplatePreview(
        subject=found.mail.subject,
        html=found.mail.html,
        text=found.mail.text,
        links=[*found.mail.links],
        warnings=[TemplateWarning(code=each.code, about=each.about or None) for each in found.warnings],
        refusal=None,
    )


def _contact(said: Any) -> Mapping[str, Any]:
    """The members of a contact that a client made up, of any type. Raises Invalid."""
    if said is None:
        return {}
    fields = said.get("fields") or {} if isinstance(said, dict) else None
    known = {*CONTACT, "fields"}
    if not isinstance(said, dict) or not isinstance(fields, dict) or said.keys() - known:
        reason = f"must be an object of {', '.join(sorted(known))}"
        raise Invalid(field="contact", reason=reason, why=ViolationCode.FORMAT)
    values = [value for name, value in said.items() if name != "fields"] + [*fields.values()]
    plain = all(value is None or isinstance(value, str | int | float) for value in values)
    if not plain or len(values) > _MOST_FIELDS or any(len(str(value)) > _LONGEST_VALUE for value in values):
        raise Invalid(
            field="contact", reason=f"must have {_MOST_FIELDS} plain values at most", why=ViolationCode.FORMAT
        )
    return said


async def _known(ask: RequestContext, contact_id: UUID) -> Mapping[str, Any]:
    """The members of a contact, of any type, as the caller may read them; the audit hears of it."""
    if not ask.caller.may(CONFIDENTIAL):
        raise Forbidden(field="contact_id", permission=CONFIDENTIAL)
    row = await ask.row(Contacts, contact_id)
    if row is None:
        raise NotFound(field="contact_id", what="contact")
    found: dict[str, Any] = {}
    for name in ("email", "first_name", "last_name", "fields"):
        text = getattr(row, name)
        plain = await ask.opened(text) if is_sealed(text) else text
        ask.revealed(name, contact_id, confidential=True)
        found[name] = masked(plain) if ask.services.masking and name != "fields" else plain
    if found["email"] == ERASED:
        raise NotFound(field="contact_id", what="contact")
    if ask.services.masking:
        ask.masked("TemplatePreview.html", "")
    fields = {} if ask.services.masking or not found["fields"] else json.loads(found["fields"])
    return {**found, "language": row.language, "fields": fields}


def _refused(refusal: Refusal) -> TemplatePreview:
    nothing: list[Any] = []
    return TemplatePreview(
        subject=None, html=None, text=None, links=nothing, warnings=nothing, refusal=Refused.of(refusal)
    )


_CONTACT = (
    "Who gets it: an object with any of `email`, `first_name`, `last_name`, `language` and `fields`, an object of "
    "the tenant's own fields; the rest is made up."
)


@strawberry.type
class Query:
    @field(
        "Preview a mail of a version of a template.",
        TemplatePreview,
        needs=READ,
    )
    async def template_preview(
        self,
        info: Info,
        template_id: Annotated[UUID, argument("The template.")],
        number: Annotated[int | None, argument("The version; by default the newest.")] = None,
        contact: Annotated[Json | None, argument(_CONTACT)] = None,
        contact_id: Annotated[
            UUID | None, argument(f"A contact who gets it, in place of that; it takes `{CONFIDENTIAL}`.")
        ] = None,
        after_position: After = None,
    ) -> TemplatePreview:
        ask = info.context
        await ask.caught_up(TemplateVersions, after_position)
        template = await ask.row(Templates, template_id)
        if template is None:
            return _refused(NotFound(field="template_id", what="template"))
        version = await ask.row(TemplateVersions, version_id(template_id, number or template.latest_version))
        if version is None:
            return _refused(NotFound(field="number", what="version"))
        try:
            members = _contact(contact) if contact_id is None else await _known(ask, contact_id)
        except Refusal as refusal:
            return _refused(refusal)
        content = Content(version.subject, version.preheader, version.body, version.text)
        return await _preview(version.kind, template.purpose, content, members)

    @field(
        "Ask what is wrong with what would be saved as a template, and preview a mail of it, without saving it.",
        TemplatePreview,
        needs=READ,
    )
    async def check_template(
        self,
        info: Info,
        subject: Annotated[str, argument("The subject, in Liquid.")],
        body: Annotated[str, argument("The body, in Liquid: MJML or HTML.")],
        preheader: Annotated[str, argument("What inboxes show behind the subject, in Liquid.")] = "",
        text: Annotated[str, argument("The body as plain text, in Liquid.")] = "",
        kind: Annotated[enum(TemplateKind), argument("What the body is written in.")] = TemplateKind.MJML,  # type: ignore[valid-type]
        purpose: Annotated[
            enum(TemplatePurpose), argument("What its mails are for.")  # type: ignore[valid-type]
        ] = TemplatePurpose.MARKETING,
        contact: Annotated[Json | None, argument(_CONTACT)] = None,
    ) -> TemplatePreview:
        try:
            for name, said, longest in (
                ("subject", subject, LONGEST_LINE),
                ("preheader", preheader, LONGEST_LINE),
                ("body", body, LONGEST_BODY),
                ("text", text, LONGEST_TEXT),
            ):
                if len(said) > longest:
                    raise Invalid(
                        field=name,
                        reason=f"has more than {longest} characters",
                        why=ViolationCode.TOO_LONG,
                        maximum=longest,
                    )
            members = _contact(contact)
        except Refusal as refusal:
            return _refused(refusal)
        return await _preview(kind, purpose, Content(subject, preheader, body, text), members)
