"""The example front end in `docs/examples/board`, built, before an API of its own, in a browser."""

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import httpx
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from app.embedded.opensearch import free_port
from app.settings import Settings
from tests.kit import npm
from tests.kit.processes import until

T = TypeVar("T")

_ROOT = Path(__file__).parents[2]
_HERE = Path("docs/examples/board")
_CARDS = """
return Object.fromEntries([...document.querySelectorAll("section")].map((column) => [
  column.ariaLabel,
  [...column.querySelectorAll("article")].map((card) => card.querySelector("input").value),
]));
"""
_LONGEST = 60
"""Seconds until a window shows what it should, on a machine that does other things too."""


def built(root: Path) -> Path:
    """Build a copy of the example in an empty folder, as its README says, but one that warns of what is wrong; its
    own folder in there."""
    place = root / _HERE
    unpublished = shutil.ignore_patterns("node_modules", "dist", "gql")
    shutil.copytree(_ROOT / _HERE, place, ignore=unpublished)
    (root / "graphql").mkdir()
    shutil.copy(_ROOT / "graphql/schema.graphql", root / "graphql")
    (place / "node_modules").symlink_to(npm.packages(_ROOT / _HERE) / "node_modules")
    npm.run("build", place, NODE_ENV="development")
    return place


@dataclass
class Api:
    """The API as a process that can be stopped, killed and started again."""

    settings: Settings
    process: Process = field(init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-m", "app.cli", "api"]
        environment = {**os.environ, **self.settings.environ()}
        self.process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=DEVNULL)
        await _answers(f"{self.url}/health/live", self.process)

    async def kill(self) -> None:
        """End it without giving it time for anything."""
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def api_process(settings: Settings) -> AsyncIterator[Api]:
    """The API on a port that nobody listens on while it is away."""
    api = Api(replace(settings, port=free_port()))
    await api.start()
    try:
        yield api
    finally:
        await api.kill()


@asynccontextmanager
async def preview(place: Path, api: str) -> AsyncIterator[str]:
    """The built example before an API; its address."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(npm.NODE, "node_modules/vite/bin/vite.js", "preview"),
        *("--strictPort", "--host", "127.0.0.1", "--port", str(port)),
        cwd=place,
        env={**os.environ, "HEADWATER_URL": api},
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    try:
        await _answers(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()


async def _answers(url: str, process: Process) -> None:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as http:

        async def answering() -> bool:
            assert process.returncode is None, f"what should answer at {url} has ended"
            try:
                return (await http.get(url)).is_success
            except httpx.TransportError:
                return False

        await until(answering)


class Window:
    """A person's window with the board. The browser is asked in threads, since the product runs in this one."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    async def sign_in(self, url: str, email: str, password: str) -> None:
        """Open the board as somebody."""

        def enter() -> None:
            self.driver.get(url)
            # Whoever was signed in before goes.
            self.driver.execute_script("sessionStorage.clear()")
            self.driver.refresh()
            self._when(lambda: self.driver.find_element(By.NAME, "email")).send_keys(email)
            self.driver.find_element(By.NAME, "password").send_keys(password, Keys.ENTER)

        await asyncio.to_thread(enter)
        await self.says("status", "Live")

    async def add(self, title: str) -> None:
        """Create a task."""
        await asyncio.to_thread(
            lambda: self.driver.find_element(By.NAME, "title").send_keys(title, Keys.ENTER)
        )

    async def rename(self, title: str, new: str) -> None:
        """Type another title over that of a task."""

        def type_over() -> None:
            keys = (Keys.CONTROL + "a", Keys.NULL, new, Keys.ENTER)
            self._card(title).find_element(By.TAG_NAME, "input").send_keys(*keys)

        await asyncio.to_thread(type_over)

    async def choose(self, title: str, name: str, choice: str) -> None:
        """Choose a status, or an assignee, of a task."""
        await asyncio.to_thread(lambda: self._select(title, name).select_by_visible_text(choice))

    async def chosen(self, title: str, name: str, choice: str) -> None:
        """Wait until a task has this status, or assignee."""
        await self._until(lambda: self._select(title, name).first_selected_option.text, choice)

    async def shows(self, **columns: list[str]) -> None:
        """Wait until these columns have exactly these tasks, and the others none."""
        wanted = {name.replace("_", " "): titles for name, titles in columns.items()}

        def filled() -> dict[str, list[str]]:
            return {name: titles for name, titles in self.driver.execute_script(_CARDS).items() if titles}

        await self._until(filled, wanted)

    async def says(self, role: str, text: str) -> None:
        """Wait until the window tells something."""
        await self._until(lambda: self.driver.find_element(By.CSS_SELECTOR, f"[role={role}]").text, text)

    async def kept(self, change: dict[str, Any] | None = None) -> dict[str, Any]:
        """What the tab keeps of the session, after a change."""
        script = """
        const session = { ...JSON.parse(sessionStorage.getItem("board-session")), ...arguments[0] };
        sessionStorage.setItem("board-session", JSON.stringify(session));
        return session;
        """
        session: dict[str, Any] = await asyncio.to_thread(self.driver.execute_script, script, change or {})
        return session

    async def warnings(self) -> list[str]:
        """What the browser's console has warned of since it was asked last."""
        entries = await asyncio.to_thread(self.driver.get_log, "browser")
        return [entry["message"] for entry in entries if entry["level"] in ("WARNING", "SEVERE")]

    async def reload(self) -> None:
        """Load the page again."""
        await asyncio.to_thread(self.driver.refresh)

    def _card(self, title: str) -> WebElement:
        cards = self.driver.find_elements(By.TAG_NAME, "article")
        titles = [card.find_element(By.TAG_NAME, "input").get_property("value") for card in cards]
        return cards[titles.index(title)]

    def _select(self, title: str, name: str) -> Select:
        return Select(self._card(title).find_element(By.CSS_SELECTOR, f"[aria-label={name}]"))

    def _when(self, found: Callable[[], T]) -> T:
        # What is found may go while it is read, which the driver tells in more than one way.
        waiting = WebDriverWait(
            self.driver, _LONGEST, 0.1, ignored_exceptions=[WebDriverException, ValueError]
        )
        return waiting.until(lambda _: found())

    async def _until(self, read: Callable[[], object], wanted: object) -> None:
        seen: object = None

        def as_wanted() -> bool:
            nonlocal seen
            seen = read()
            return seen == wanted

        try:
            await asyncio.to_thread(self._when, as_wanted)
        except WebDriverException:
            raise AssertionError(f"The window shows {seen!r}, not {wanted!r}.") from None
