"""The data folder: held by one run, of one layout, on a disk with room, with short socket paths."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.embedded import EmbeddedError
from app.embedded.folder import held, in_use
from app.files.factory import object_store
from app.mail.factory import create_mailer
from app.settings import Settings

_BEGUN = "&& mkdir data && echo 1 > data/layout"
_START = """
import asyncio
from pathlib import Path
from app.embedded.folder import held

async def start():
    async with held(Path("data")):
        print("held")

asyncio.run(start())
"""


async def test_a_second_run_is_refused(tmp_path: Path) -> None:
    async with held(tmp_path / "data") as folder:
        assert in_use(folder.path)
        with pytest.raises(EmbeddedError, match=r"^Headwater already runs on .*data \(process \d+\)\.$"):
            async with held(tmp_path / "data"):
                pass
    assert not in_use(folder.path)


async def test_refuses_a_folder_of_another_layout(tmp_path: Path) -> None:
    async with held(tmp_path / "data"):
        pass
    (tmp_path / "data" / "layout").write_text("99\n")
    with pytest.raises(EmbeddedError, match=r"has layout '99'; this version reads layout 1\.$"):
        async with held(tmp_path / "data"):
            pass


async def test_refuses_a_folder_with_other_peoples_files(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(EmbeddedError, match=r"is not a data folder of Headwater, and it is not empty\.$"):
        async with held(tmp_path):
            pass


async def test_what_an_api_kept_beside_servers_of_its_own_is_no_obstacle(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", secret="s" * 32)
    object_store(settings)
    create_mailer(settings)
    for name in ("keys", "mail", "exports"):
        (settings.data_dir / name).mkdir(exist_ok=True)
    async with held(settings.data_dir) as folder:
        assert folder.sockets.is_dir()


async def test_refuses_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(EmbeddedError, match="is not a data folder of Headwater"):
        async with held(tmp_path / "data"):
            pass


async def test_a_start_that_was_killed_at_once_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "layout.new").touch()
    async with held(tmp_path / "data") as folder:
        assert folder.sockets.is_dir()


async def test_sockets_of_a_deep_folder_lie_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 20) / "data"
    async with held(deep) as folder:
        assert len(str(folder.sockets / ".s.PGSQL.5432.lock")) <= 107
        assert folder.sockets.stat().st_mode & 0o777 == 0o700
        first = folder.sockets
    async with held(deep) as folder:
        assert folder.sockets == first
    first.rmdir()


@pytest.mark.servers
@pytest.mark.parametrize(
    ("size", "before", "told"),
    [
        (195, "", "is full: 195 MB are free, and at least 200 MB must be."),
        (195, _BEGUN, "held"),
        (45, _BEGUN, "is full: 44 MB are free, and at least 50 MB must be."),
    ],
    ids=["too little for a first start", "enough to go on", "too little to go on"],
)
def test_a_disk_must_have_room(tmp_path: Path, size: int, before: str, told: str) -> None:
    """On a real small disk, mounted in a namespace of our own."""
    inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    mount = f"mount -t tmpfs -o size={size}m none '{tmp_path}' && cd '{tmp_path}' {before}"
    if shutil.which("unshare") is None or subprocess.run([*inside, mount], check=False).returncode != 0:
        pytest.skip("this kernel forbids user namespaces")
    run = subprocess.run(
        [*inside, f"{mount} && exec '{sys.executable}' -c '{_START}'"],
        check=False,
        capture_output=True,
        text=True,
    )
    said = (run.stdout + run.stderr).strip()
    assert said.endswith(told if told == "held" else f"The disk that holds {tmp_path}/data {told}")
