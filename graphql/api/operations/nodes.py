"""Any object by its id."""

from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.kit.execution.access import IDENTIFIED
from api.kit.model import LARGEST, Info, Node, argument, bad_argument, field
from api.kit.schema.nodes import by_id


@strawberry.type
class Query:
    @field(
        "An object of any type by its id; null where there is none, or none that you may see.",
        Node | None,
        needs=IDENTIFIED,
    )
    async def node(self, info: Info, id: Annotated[UUID, argument("Its id.")]) -> Any:
        (found,) = await by_id(info.context, [id])
        return found

    @field(
        "Objects of any type by their ids, in the order of these; null in place of each that does not exist, or "
        "that you may not see.",
        list[Node | None],
        needs=IDENTIFIED,
    )
    async def nodes(
        self, info: Info, ids: Annotated[list[UUID], argument(f"Their ids, at most {LARGEST}.")]
    ) -> Any:
        if len(ids) > LARGEST:
            raise bad_argument(f"Give at most {LARGEST} ids, not {len(ids)}.", "ids", maximum=LARGEST)
        return await by_id(info.context, ids)
