"""The code of docs/clients.md runs against the product as it stands there."""

import asyncio
import json
import os
import re
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from app.http.listener import listening
from tests.auth.people import PASSWORD, registered
from tests.clients.api import api_process, created, made
from tests.docs.generated import EMBEDDED, SCHEMA
from tests.docs.pages import blocks
from tests.kit import npm
from tests.kit.product import Product

pytestmark = pytest.mark.servers

HERE = Path(__file__).parent
PAGE = "docs/clients.md"
BRIEF = 5.0
"""Seconds for which an access token is good here."""
NAME = re.compile(r"(?://|#) ([\w./]+)\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the page, beside the packages that they import."""
    folder = tmp_path_factory.mktemp("clients")
    (folder / "node_modules").symlink_to(npm.packages(HERE) / "node_modules")
    for block in blocks(PAGE, "js", "ts", "json", "yaml", "sh", "python"):
        named = NAME.match(block.text)
        file = folder / (named[1] if named else "relay.config.json")
        file.parent.mkdir(exist_ok=True)
        assert not file.exists(), f"the page has two files of the name {file.name}"
        file.write_text(block.text)
    (folder / "package.json").write_text('{ "type": "module" }')
    for file in (SCHEMA, EMBEDDED):
        shutil.copy(file, folder)
    for name in ("page.mjs", "relay/pages.js"):
        shutil.copy(HERE / Path(name).name, folder / name)
    # Its name is that of Apollo Client 4 as well.
    (folder / "apollo3" / "node_modules" / "@apollo").mkdir(parents=True)
    apollo3 = folder / "node_modules" / "apollo-client-3"
    (folder / "apollo3" / "node_modules" / "@apollo" / "client").symlink_to(apollo3)
    return folder


async def _run(*command: str | Path, folder: Path, **environ: str) -> Process:
    return await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, **environ},
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,
    )


async def _line(process: Process, holding: str) -> str:
    """The next line of output that holds this."""
    assert process.stdout is not None
    async with asyncio.timeout(240):
        while line := (await process.stdout.readline()).decode():
            if holding in line:
                return line
    raise AssertionError((await process.communicate())[1].decode())


@asynccontextmanager
async def _ended(*processes: Process) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for process in processes:
            if process.returncode is None:
                # With those that it has started, as a shell does.
                os.killpg(process.pid, signal.SIGKILL)
                await process.communicate()


@asynccontextmanager
async def _killed(api: Process) -> AsyncIterator[Process]:
    try:
        yield api
    finally:
        if api.returncode is None:
            api.kill()
            await api.wait()


@pytest.fixture(scope="module")
async def compiled(folder: Path) -> Path:
    """The folder, with what clients make of the schema and of their documents."""
    await asyncio.gather(
        _made_by(folder, "@graphql-codegen/cli", "esm/bin.js", "--config", "codegen.yml"),
        _made_by(folder, "relay-compiler", "cli.js"),
    )
    for name in ("board", "pages"):
        _without_the_plugin(folder / "relay" / f"{name}.js")
    _as_files(folder / "relay" / "__generated__")
    return folder


async def _made_by(folder: Path, package: str, script: str, *options: str) -> None:
    tool = await _run(npm.NODE, Path("node_modules", package, script), *options, folder=folder)
    output, errors = await asyncio.wait_for(tool.communicate(), 240)
    assert tool.returncode == 0, (output + errors).decode()


async def test_nothing_stays_of_a_state_that_broke_off(folder: Path) -> None:
    told = [
        {"nodes": [{"id": "gone"}], "complete": False},
        {"code": "TOO_FAR_BACK"},
        {"nodes": [{"id": "kept"}], "complete": True},
    ]
    script = f"""
        import {{ TaskList }} from "./list.mjs";
        const list = new TaskList();
        for (const message of {json.dumps(told)}) list.take(message);
        console.log(...list.tasks.keys());
    """
    node = await _run(npm.NODE, "--input-type=module", "--eval", script, folder=folder)
    output, errors = await asyncio.wait_for(node.communicate(), 120)
    assert output == b"kept\n", errors.decode()


async def test_each_client_has_every_change_once_whatever_ends_its_connection(
    compiled: Path, product: Product
) -> None:
    ada, positions = await registered(product), list[list[str]]()
    clock = asyncio.get_running_loop().time

    async def mark(name: str) -> None:
        """Go on once everybody has heard of it."""
        await made(ada.client, name, positions)
        assert await _line(node, "") == f"marked {name}\n"

    with listening("127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        environ = {"API": url, "EMAIL": ada.email, "PASSWORD": PASSWORD, "PYTHONUNBUFFERED": "1"}
        start = partial(api_process, product.settings, listener, access_seconds=BRIEF)
        async with AsyncExitStack() as stack:
            api = await stack.enter_async_context(_killed(await start()))
            node = await _run(npm.NODE, "page.mjs", url, ada.email, PASSWORD, folder=compiled)
            await stack.enter_async_context(_ended(node))
            assert await _line(node, "") == "joined\n"
            python = await _run(sys.executable, "follow.py", folder=compiled, **environ)
            await stack.enter_async_context(_ended(python))
            by_python, ends = asyncio.create_task(_line(python, "before")), clock() + BRIEF
            await created(ada.client, "before", lambda: by_python.done() and clock() > ends, positions)
            begun = json.loads(await by_python)["node"]["title"]
            await mark("token")
            api.kill()
            await api.wait()
            await created(ada.client, "killed", _after(3), positions)
            api = await stack.enter_async_context(_killed(await start()))
            await mark("kill")
            await stack.enter_async_context(_killed(await start()))
            api.terminate()
            await created(ada.client, "deployed", _after(3), positions)
            assert await api.wait() in (0, -signal.SIGTERM)
            await mark("deploy")
            await product.worker.pause()
            await created(ada.client, "paused", _after(3), positions)
            await product.worker.start()
            await mark("worker")
            told = json.loads(await _line(node, "heard"))
            titles = [title for _, title in positions]
            for title in titles[titles.index(begun) + 1 :]:
                assert json.loads(await _line(python, ""))["node"]["title"] == title
    again = "by relay again"
    created_before = [f"by {name}" for name in ("plain", "urql", "apollo 4", "apollo 3", "relay")]
    assert list(told["created"].values()) == created_before
    for name, of in told["told"].items():
        *heard, (_, last) = of["heard"]
        assert (name, heard, last) == (name, positions, again)
        assert (name, of["states"], of["gaps"]) == (name, 1, [])
        assert (name, sorted(of["list"])) == (name, sorted([*created_before, *titles, again]))
    newest_first = [*titles[::-1], *created_before[::-1]]
    assert told["relay"] == {"pages": newest_first, "prepended": again, "refetched": created_before[0]}
    # Graphcache says which types it cannot keep.
    assert told["complaints"] == []


async def test_what_is_typed_fits_the_schema(compiled: Path) -> None:
    strict = ("--strict", "--noEmit", "--allowJs", "--allowImportingTsExtensions", "--erasableSyntaxOnly")
    await _made_by(compiled, "typescript", "bin/tsc", *strict, "--module", "nodenext", "typed.ts")
    types = (compiled / "generated" / "graphql.ts").read_text()
    for name in ("CreateMutation", "ChangesSubscription"):
        assert f"export type {name} =" in types


def _after(count: int) -> Callable[[], bool]:
    rounds = iter([False] * count)
    return lambda: next(rounds, True)


def _as_files(generated: Path) -> None:
    """Say in what was compiled what a bundler would find: Node takes the names of files."""
    for file in generated.iterdir():
        file.write_text(re.sub(r"(from '\./\w+\.graphql)'", r"\1.js'", file.read_text()))


def _without_the_plugin(file: Path) -> None:
    """Do what Relay's Babel plugin does: put what was compiled in the place of each document."""
    text, found = file.read_text(), list[str]()

    def compiled(match: re.Match[str]) -> str:
        found.append(re.search(r"(?:query|mutation|subscription|fragment) (\w+)", match[0])[1])  # type: ignore[index]
        return found[-1]

    text = re.sub(r"graphql`.*?`", compiled, text, flags=re.DOTALL)
    imports = "".join(f'import {name} from "./__generated__/{name}.graphql.js";\n' for name in found)
    file.write_text(imports + text.replace("graphql, ", ""))


async def test_curl_asks_sends_and_listens(folder: Path, product: Product) -> None:
    ada = await registered(product)
    environ = {"API": str(product.http.base_url), "EMAIL": ada.email, "PASSWORD": PASSWORD}
    shell = await _run("sh", "curl.sh", folder=folder, **environ)
    async with _ended(shell):
        assert "By curl" in await _line(shell, "data: ")
