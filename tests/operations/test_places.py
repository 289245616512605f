"""Which tenant a command is about: an id names the one that has it, whatever others call themselves."""

from uuid import uuid4

import asyncpg
import pytest

from app.cli.place import found
from app.placement import registry
from app.settings import Settings


@pytest.mark.usefixtures("headwater")
async def test_an_id_never_names_a_tenant_whose_slug_is_spelt_so(settings: Settings) -> None:
    first, other = uuid4(), uuid4()
    async with asyncpg.create_pool(settings.database_url, min_size=1, max_size=1) as pool:
        for id, slug in ((first, str(other)), (other, f"other-{other.hex}")):
            await registry.add(pool, id, "A tenant", slug, "here", None, state="ready")
        for spelling in (str(other), other.hex, str(other).upper()):
            assert (await found(pool, settings, spelling)).tenant == other
        assert (await found(pool, settings, f"other-{other.hex}")).tenant == other
