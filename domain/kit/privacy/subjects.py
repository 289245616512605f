"""What a context declares of the things that are about one person each, so that the person can be forgotten."""

from dataclasses import dataclass

from domain.kit.aggregate import Aggregate
from domain.kit.commands import Command
from domain.kit.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectKind:
    """Aggregates whose personal fields are sealed under the key of their own stream, such as contacts.

        SubjectKind(aggregate=Contact, erase=EraseContact, gone=(Contact.Deleted,))

    Whoever has an address of a person (or anything else that is ``searchable``) belongs to them, and is erased
    with them. Raises TypeError for what would leave something behind.
    """

    aggregate: type[Aggregate]
    erase: type[Command]
    """Releases what the aggregate has reserved and ends its stream; its ``id`` is the aggregate's."""
    gone: tuple[type[Event], ...] = ()
    """Events of the aggregate after which nothing personal may be kept: an erasure follows each by itself."""
    named_in: tuple[tuple[type[Event], str], ...] = ()
    """Events of the aggregate with the field that then names the person whose it is: those who accepted an
    invitation, for one. Without it only ``searchable`` texts tell whose it is."""
    person: bool = False
    """Whether it stands for somebody by itself, as users do. It is erased when it is asked for, and along with
    another only when it holds no address any more; until then nobody else's erasure takes what has its address."""

    def __post_init__(self) -> None:
        target = self.erase.wiring.target
        if target is not self.aggregate:
            raise TypeError(f"{self.erase.__name__} does not erase a {self.aggregate.topic}.")
        if not any(event.ends for event in self.aggregate.events):
            raise TypeError(f"No event of {self.aggregate.topic} ends its stream, so none can be erased.")
        for event in (*self.gone, *(event for event, _ in self.named_in)):
            if event not in self.aggregate.events:
                raise TypeError(f"{event.stored_as} is no event of {self.aggregate.topic}.")
