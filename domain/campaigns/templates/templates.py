"""Templates of mails: what campaigns send, version after version, each for ever as it was saved."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID, uuid5

from domain.campaigns.rendering.content import Content
from domain.campaigns.templates.checks import require_sound
from domain.campaigns.templates.terms import (
    Body,
    Kind,
    Name,
    Number,
    Preheader,
    Purpose,
    Subject,
    TemplateKind,
    TemplatePurpose,
    Text,
    VersionId,
)
from domain.kit.fields import KEPT, Describe, Internal, Kept, References
from domain.kit.model import Aggregate, Command, Event, Refusal, applies, assigns

MOST_VERSIONS = 500
"""How many versions a template has."""


class TooManyTemplateVersions(Refusal):
    """A template has {most} versions at most; duplicate it to go on."""


class TemplateVersionUnknown(Refusal):
    """There is no version {number} of the template {name}."""


class TemplateIsArchived(Refusal):
    """The template {name} is archived."""


class Template(Aggregate, topic="campaigns.template"):
    """What campaigns send. Only its name changes; what it holds is saved as another version."""

    class Created(Event):
        name: Name
        kind: Kind
        purpose: Purpose

    class VersionAdded(Event):
        version_id: VersionId
        number: Number
        kind: Kind
        subject: Subject
        preheader: Preheader
        body: Body
        text: Text

    class Renamed(Event):
        name: Name

    class Archived(Event): ...

    class Restored(Event): ...

    name: str
    kind: TemplateKind
    purpose: TemplatePurpose
    number: int = 0
    content: Content | None = None
    """What the newest version holds."""
    archived: bool = False

    changed = assigns(Created, Renamed)

    @applies(VersionAdded)
    def _version_added(self, event: VersionAdded) -> None:
        self.number = event.number
        self.content = Content(event.subject, event.preheader, event.body, event.text)

    @applies(Archived)
    def _archived(self, event: Archived) -> None:
        self.archived = True

    @applies(Restored)
    def _restored(self, event: Restored) -> None:
        self.archived = False

    def save(self, content: Content) -> None:
        """Add a version, unless the newest holds just this."""
        if content == self.content:
            return
        if self.number >= MOST_VERSIONS:
            raise TooManyTemplateVersions(most=MOST_VERSIONS)
        number = self.number + 1
        self.record(
            Template.VersionAdded(
                version_id=version_id(self.id, number),
                number=number,
                kind=self.kind,
                subject=content.subject,
                preheader=content.preheader,
                body=content.body,
                text=content.text,
            )
        )

    def require_usable(self, number: int, *, field: str) -> None:
        """Raise a refusal about this field unless a campaign may send this version."""
        if self.archived:
            raise TemplateIsArchived(field=field, name=self.name)
        if not 1 <= number <= self.number:
            raise TemplateVersionUnknown(field=field, number=number, name=self.name)


def version_id(template_id: UUID, number: int) -> UUID:
    """The id that a version of a template has."""
    return uuid5(template_id, str(number))


def require_content(
    kind: TemplateKind, purpose: TemplatePurpose, subject: str, preheader: str, body: str, text: str
) -> None:
    """Raise Invalid, about each part that is wrong, for what cannot be sent."""
    require_sound(kind, purpose, Content(subject, preheader, body, text))


class CreateTemplate(Command, requires=(require_content,)):
    """Create a template with its first version."""

    name: Name
    kind: Kind = TemplateKind.MJML
    purpose: Purpose = TemplatePurpose.MARKETING
    subject: Subject
    preheader: Preheader = ""
    body: Body
    text: Text = ""

    def handle(self) -> Template:
        created = Template.Created(name=self.name.strip(), kind=self.kind, purpose=self.purpose)
        template = Template.begin(self.id, created)
        template.save(Content(self.subject, self.preheader, self.body, self.text))
        return template


class SaveTemplate(Command):
    """Save another version of a template; campaigns keep the version that they have."""

    subject: Subject | Kept = KEPT
    preheader: Preheader | Kept = KEPT
    body: Body | Kept = KEPT
    text: Text | Kept = KEPT

    def handle(self, template: Template) -> None:
        if template.archived:
            raise TemplateIsArchived(field="id", name=template.name)
        if template.content is not None:
            content = replace(template.content, **self.said)
            require_sound(template.kind, template.purpose, content)
            template.save(content)


class RenameTemplate(Command):
    """Rename a template."""

    name: Name

    def handle(self, template: Template) -> None:
        if (name := self.name.strip()) != template.name:
            template.record(Template.Renamed(name=name))


class DuplicateTemplate(Command):
    """Create a template with what the newest version of another holds."""

    template_id: Annotated[
        UUID, References("campaigns.template"), Internal(), Describe("The template that is copied.")
    ]
    name: Name

    def handle(self, template: Template) -> Template:
        created = Template.Created(name=self.name.strip(), kind=template.kind, purpose=template.purpose)
        duplicate = Template.begin(self.id, created)
        if template.content is not None:
            duplicate.save(template.content)
        return duplicate


class ArchiveTemplate(Command):
    """Archive a template: new campaigns can no longer use it, and those that use it still can."""

    def handle(self, template: Template) -> None:
        if not template.archived:
            template.record(Template.Archived())


class RestoreTemplate(Command):
    """Restore an archived template."""

    def handle(self, template: Template) -> None:
        if template.archived:
            template.record(Template.Restored())
