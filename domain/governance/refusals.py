"""Why something about the data of a person is not done."""

from domain.kit.refusals import Refusal


class SubjectIsKnown(Refusal):
    """This is the address of a user of the tenant: {user}. Erase that user instead."""


class TooManyAtOnce(Refusal):
    """There are {most} of these under way already; ask again when some are done."""
