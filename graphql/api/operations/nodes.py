"""Anything by its id."""

from typing import Annotated
from uuid import UUID

import strawberry

from api.kit.model import After, Info, Node, argument, field
from domain.kit.log import Selection


@strawberry.type
class Query:
    @field("An object of any type, by its id.", Node | None, needs="work:read")
    async def node(
        self,
        info: Info,
        id: Annotated[UUID, argument("Its id.")],
        after_position: After = None,
    ) -> object:
        ask = info.context
        own = Selection(tenant_id=ask.caller.tenant_id, originator_id=id)
        first = await ask.services.log.read(limit=1, select=own)
        sights = ask.services.sights
        view = sights.shown_in.get(first[0].topic) if first else None
        if view is None or not ask.caller.may(sights.needs.get(first[0].topic, "work:read")):
            return None
        await ask.caught_up(view, after_position)
        return await ask.row(view, id)
