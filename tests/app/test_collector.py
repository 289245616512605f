"""Both processes set Python's garbage collector up for what they do."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE

import pytest

pytestmark = pytest.mark.servers

# Each runs up to the point from which it would serve, and says how its collector stands there.
STARTS = {
    "api": """
import app.entry.serve
from app.settings import read_settings
app.entry.serve.ApiServer.run = stands
app.entry.serve.serve(read_settings())
""",
    "worker": """
import app.entry.worker
app.entry.worker.uvloop.run = stands
app.entry.worker.main()
""",
}
STANDS = """
import gc

def stands(*given):
    for one in given:
        getattr(one, "close", lambda: None)()
    print(gc.isenabled(), gc.get_threshold()[0], gc.get_freeze_count() > 10_000)
"""


@pytest.mark.parametrize("name", STARTS)
async def test_a_process_looks_for_cycles_seldom(name: str) -> None:
    environment = {
        **os.environ,
        "HEADWATER_SECRET": "s" * 32,
        "HEADWATER_DATABASE_URL": "postgresql://nowhere/x",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STANDS + STARTS[name], env=environment, stdout=PIPE, stderr=PIPE
    )
    output, errors = await process.communicate()
    assert output.decode() == "True 100000 True\n", errors.decode()


SHOWN = """
import atexit, gc
atexit.register(lambda: print(gc.get_threshold()[0]))
from app.cli.main import main
main()
"""


REBUILDS = """
import atexit, gc, runpy, sys, types
atexit.register(lambda: print(gc.get_threshold()[0]))
sys.modules["app.entry.rebuilder"] = types.SimpleNamespace(main=lambda: print("started"))
runpy.run_module("app.entry.rebuilder_process", run_name="__main__")
"""


@pytest.mark.parametrize("script", [SHOWN, REBUILDS], ids=["command", "rebuilder"])
async def test_it_is_loaded_without_looking(script: str) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, "--version", stdout=PIPE)
    output, _ = await process.communicate()
    assert output.decode().endswith("\n100000\n")
