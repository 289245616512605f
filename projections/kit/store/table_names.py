"""The names of the tables of Postgres views, by generation, and the roles that use them."""

from dataclasses import dataclass
from typing import Any

from projections.kit.declare.postgres import PostgresView

READER = "headwater_reader"
"""Queries run as this role and see the tenant in scope."""
WRITER = "headwater_writer"
"""Followers and appenders run as this role; they fold the events of every tenant."""


@dataclass(frozen=True, slots=True)
class TableName:
    """Where one generation's rows are; as text, the quoted full name."""

    public_schema: str
    schema: str
    table: str

    @property
    def public(self) -> str:
        """The quoted name under which the live generation is read."""
        return f'"{self.public_schema}"."{self.table}"'

    @property
    def publish(self) -> tuple[str, ...]:
        """Statements that make this generation the one that is read under the view's name."""
        return (
            f"drop view if exists {self.public}",
            f"create view {self.public} with (security_invoker = true) as select * from {self}",
            f"grant select on {self.public} to {READER}, {WRITER}",
        )

    def __str__(self) -> str:
        return f'"{self.schema}"."{self.table}"'


def table_name(view: type[PostgresView[Any]], generation: int) -> TableName:
    """The table of one generation of a view. Raises TypeError for a view without a schema in its name."""
    schema, _, name = view.name.partition(".")
    if not name:
        raise TypeError(f"{view.__name__} needs a name of the form schema.table, not {view.name!r}.")
    return TableName(schema, f"{schema}_g{generation}", name)
