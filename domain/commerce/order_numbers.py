"""The numbers of a tenant's orders, from 1 and without a gap (ADR 60)."""

from typing import Annotated
from uuid import UUID

from domain.kit.fields import Describe, Internal
from domain.kit.model import Aggregate, Event, assigns

OrderNumber = Annotated[int, Internal(), Describe("The order's number: from 1 in a tenant, without a gap.")]


ORDER_NUMBERS = UUID("0b5e7a70-0000-4000-8000-000000000010")
"""The id under which each tenant has its own."""


class OrderNumbers(Aggregate, topic="commerce.order_numbers"):
    """Gives each order of a tenant the next number, in the append that places it."""

    only = ORDER_NUMBERS

    class Given(Event):
        number: OrderNumber
        order_id: Annotated[UUID, Internal(), Describe("The order that has it.")]

    number: int = 0
    """The last one that was given."""
    given = assigns(Given)

    def give(self, order_id: UUID) -> int:
        """The next number, which is this order's from now on."""
        number = self.number + 1
        self.record(self.Given(number=number, order_id=order_id))
        return number
