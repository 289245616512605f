"""The code of docs/clients.md runs against the product as it stands there."""

import asyncio
import json
import os
import re
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.http.listener import listening
from tests.auth.people import PASSWORD, registered
from tests.clients.api import api_process, created
from tests.docs.generated import EMBEDDED, SCHEMA
from tests.docs.pages import blocks
from tests.kit import npm
from tests.kit.product import Product

pytestmark = pytest.mark.servers

HERE = Path(__file__).parent
PAGE = "docs/clients.md"
NAME = re.compile(r"(?://|#) ([\w./]+)\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the page, beside the packages that they import."""
    folder = tmp_path_factory.mktemp("clients")
    (folder / "node_modules").symlink_to(npm.packages(HERE) / "node_modules")
    for block in blocks(PAGE, "js", "json", "yaml", "sh", "python"):
        named = NAME.match(block.text)
        file = folder / (named[1] if named else "relay.config.json")
        file.parent.mkdir(exist_ok=True)
        assert not file.exists(), f"the page has two files of the name {file.name}"
        file.write_text(block.text)
    (folder / "package.json").write_text('{ "type": "module" }')
    for file in (SCHEMA, EMBEDDED, HERE / "page.mjs"):
        shutil.copy(file, folder)
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


async def _compiled(folder: Path, package: str, script: str, *options: str) -> None:
    tool = await _run(npm.NODE, Path("node_modules", package, script), *options, folder=folder)
    output, errors = await asyncio.wait_for(tool.communicate(), 240)
    assert tool.returncode == 0, (output + errors).decode()


async def test_each_client_hears_of_everything_once_over_a_kill_of_the_api(
    folder: Path, product: Product
) -> None:
    await _compiled(folder, "@graphql-codegen/cli", "esm/bin.js", "--config", "codegen.yml")
    await _compiled(folder, "relay-compiler", "cli.js")
    _without_the_plugin(folder / "relay" / "board.js")
    ada = await registered(product)
    with listening("127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        environ = {"API": url, "EMAIL": ada.email, "PASSWORD": PASSWORD, "PYTHONUNBUFFERED": "1"}
        api = await api_process(product.settings, listener)
        node = await _run(npm.NODE, "page.mjs", url, ada.email, PASSWORD, folder=folder)
        async with _ended(node):
            try:
                assert await _line(node, "") == "joined\n"
                python = await _run(sys.executable, "follow.py", folder=folder, **environ)
                async with _ended(python):
                    by_python = asyncio.create_task(_line(python, "before"))
                    before = await created(ada.client, "before", by_python.done)
                    begun = json.loads(await by_python)["node"]["title"]
                    api.kill()
                    await api.wait()
                    missed = [f"missed {n}" for n in range(3)]
                    for title in missed:
                        await ada.client.send("CreateTask", input={"title": title})
                    api = await api_process(product.settings, listener)
                    await ada.client.send("CreateTask", input={"title": "after 0"})
                    told = json.loads(await _line(node, "heard"))
                    expected = [*before[before.index(begun) + 1 :], *missed, "after 0"]
                    for title in expected:
                        assert json.loads(await _line(python, ""))["node"]["title"] == title
            finally:
                api.kill()
                await api.wait()
    types = (folder / "generated" / "graphql.ts").read_text()
    for name in ("TasksQuery", "CreateMutation", "ChangesSubscription"):
        assert f"export type {name} =" in types
    names = [f"by {name}" for name in ("plain", "urql", "apollo", "relay")]
    assert told["created"] == names
    assert told["heard"] == {
        name.removeprefix("by "): [*names, *before, *missed, "after 0"] for name in names
    }
    # Graphcache says which types it cannot keep.
    assert told["complaints"] == []


def _without_the_plugin(file: Path) -> None:
    """Do what Relay's Babel plugin does: put what was compiled in the place of each document."""
    text, found = file.read_text(), list[str]()

    def compiled(match: re.Match[str]) -> str:
        found.append(re.search(r"(?:query|mutation|subscription) (\w+)", match[0])[1])  # type: ignore[index]
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
