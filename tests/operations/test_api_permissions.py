"""Operations through the API take a permission each, and what is forbidden is not noted."""

from typing import Any
from uuid import uuid4

import pytest

from tests.kit.product import Product
from tests.operations.notes import noted

VIEW = "tasks.tasks"

NEEDED = [
    ("RebuildViews", {"views": [VIEW]}, "ops:rebuild"),
    *(
        (f"{verb}Rebuild", {"id": str(uuid4())}, "ops:rebuild")
        for verb in ("Pause", "Resume", "Cancel", "Accept")
    ),
    ("RollbackViews", {"views": [VIEW]}, "ops:rebuild"),
    ("RetryParked", {"view": VIEW}, "ops:repair"),
    ("DiscardParked", {"view": VIEW, "stream": str(uuid4()), "reason": "Twice."}, "ops:repair"),
]


@pytest.mark.parametrize(("mutation", "input", "permission"), NEEDED, ids=[case[0] for case in NEEDED])
async def test_nobody_directs_without_the_permission(
    product: Product, mutation: str, input: dict[str, Any], permission: str
) -> None:
    others = {"ops:rebuild", "ops:repair", "ops:views", "work:*"} - {permission}
    client, command_id = product.client(uuid4(), uuid4(), others), str(uuid4())
    code, message = await client.error(mutation, input=input, commandId=command_id)
    field = mutation[0].lower() + mutation[1:]
    assert (code, message) == ("FORBIDDEN", f"Mutation.{field} needs the permission {permission}.")
    assert await noted(product, command_id) == []


async def test_nobody_looks_without_the_permission(product: Product) -> None:
    client = product.client(uuid4(), uuid4(), ["ops:rebuild"])
    views = "needs the permission ops:views."
    assert await client.error("Rebuilds") == ("FORBIDDEN", f"Query.rebuilds {views}")
    assert await client.error("Rebuild", id=str(uuid4())) == ("FORBIDDEN", f"Query.rebuild {views}")
    refused = ("FORBIDDEN", "Query.parked needs the permission ops:repair.")
    assert await client.error("Parked") == refused
    async with client.watching("ViewProgress", rebuildId=str(uuid4())) as messages:
        (error,) = (await anext(messages))["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"
