"""Why something about the data of a person is not done."""

from domain.kit.refusals import Refusal


class SubjectIsKnown(Refusal):
    """This is the address of a person of the tenant: {person}. Erase that person instead."""


class TooManyAtOnce(Refusal):
    """There are {most} of these under way already; ask again when some are done."""
