"""The page of the schema: all of it, findable, from here alone, and told to nobody who may not ask for it."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphql import is_introspection_type, is_specified_scalar_type
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from api.schema import schema
from app.entry.asgi import create_app
from app.pages.editor import editor_links
from app.pages.schema_page import PATH
from app.pages.schema_reference import reference
from tests.auth.people import PASSWORD, registered
from tests.kit.product import Product
from tests.pages.browser import browser
from tests.schema.published import published
from tests.schema.test_deprecations import SCHEMA

SAID = {"whoever has signed in": "self"}
"""What the page says in place of a permission that everybody has."""


def test_the_page_has_all_that_is_published() -> None:
    shown = {each["name"]: each for each in reference(schema._schema)["types"]}
    types = {name: kind for name, kind in published().type_map.items() if not is_introspection_type(kind)}
    assert shown.keys() == types.keys()
    for name, kind in types.items():
        # Values and fields are described alike.
        members: dict[str, Any] = getattr(kind, "values", None) or getattr(kind, "fields", {})
        has = {member["name"]: member for member in shown[name].get("members", [])}
        assert has.keys() == members.keys(), name
        for field, member in members.items():
            needs = [each for each in member.ast_node.directives or () if each.name.value == "needs"]
            permissions = [each.arguments[0].value.value for each in needs]
            needed = has[field].get("permission") or SAID.get(has[field].get("whom"))
            assert ([needed] if needed else []) == permissions, (name, field)
            arguments = {each["name"]: each["type"] for each in has[field].get("arguments", [])}
            assert arguments == {each: str(taken.type) for each, taken in getattr(member, "args", {}).items()}
            assert has[field].get("type") == (str(member.type) if hasattr(member, "type") else None)
        if not is_specified_scalar_type(kind):
            assert shown[name].get("about") == kind.description


def test_what_is_deprecated_says_so() -> None:
    wall = next(each for each in reference(SCHEMA._schema)["types"] if each["name"] == "Wall")
    assert {each["name"]: each.get("deprecated") for each in wall["members"]}["tint"] == "Use `shade`."


async def test_the_schema_is_told_to_those_whom_introspection_tells(product: Product) -> None:
    for ending in ("json", "graphql"):
        assert (await product.http.get(f"{PATH}.{ending}")).status_code == 401
    page = (await product.http.get(PATH)).text
    assert "createTask" not in page
    ada = await registered(product)
    headers = {"authorization": f"Bearer {ada.given['accessToken']}"}
    answer = await product.http.get(f"{PATH}.json", headers=headers)
    assert {"Query", "Mutation", "Subscription"} == set(answer.json()["roots"])
    text = (await product.http.get(f"{PATH}.graphql", headers=headers)).text
    assert text == f"{schema.as_str()}\n"
    again = {**headers, "if-none-match": answer.headers["etag"]}
    assert (await product.http.get(f"{PATH}.json", headers=again)).status_code == 304
    assert f'href="{PATH}"' in (await product.http.get("/")).text
    for changed in ({"introspection": False}, {"environment": "production"}):
        app = create_app(replace(product.settings, **changed))
        assert not [route for route in app.routes if getattr(route, "path", "").startswith(PATH)]
    assert "Schema" not in editor_links(schema=False)


async def test_a_developer_finds_what_a_mutation_takes(product: Product, tmp_path: Path) -> None:
    ada = await registered(product)

    def visit() -> None:
        with browser(tmp_path / "profile", scripts=True) as page:
            look, wait = page.driver, WebDriverWait(page.driver, 120, ignored_exceptions=[WebDriverException])

            def shown(text: str) -> str:
                return wait.until(
                    lambda driver: text in (all := driver.find_element(By.ID, "shown").text) and all
                )

            page.open(f"{product.http.base_url}{PATH}#Task")
            assert shown("Sign in") == "Sign in to see the schema."
            page.fill("email", ada.email)
            page.fill("password", PASSWORD)
            look.find_element(By.CSS_SELECTOR, "#door button").click()
            assert "needs work:read" in shown("dueDate: DateTime")
            look.find_element(By.ID, "search").send_keys("createtask")
            shown("found")
            look.find_element(By.LINK_TEXT, "Mutation.createTask").click()
            section = wait.until(lambda driver: driver.find_element(By.CSS_SELECTOR, "section.chosen"))
            assert section.text.startswith("createTask: TaskAnswer!\nCreate a task.")
            assert "needs work:write" in section.text
            section.find_element(By.LINK_TEXT, "CreateTaskInput").click()
            assert "Used by CommandInput.createTask, Mutation.createTask" in shown("title: String!")
            look.find_element(By.ID, "search").send_keys("task_already_done", Keys.TAB)
            look.find_element(By.LINK_TEXT, "RefusalCode.task_already_done").click()
            wait.until(lambda driver: driver.find_element(By.CSS_SELECTOR, "section.chosen p > a")).click()
            wait.until(lambda driver: driver.current_url.endswith("/docs/errors.md#task_already_done"))
            # All of it is allowed by the policy of the page, and nothing is of another origin.
            logged = look.execute("getLog", {"type": "browser"})["value"]
            assert [entry for entry in logged if entry["level"] == "SEVERE"] == []

    await asyncio.to_thread(visit)
