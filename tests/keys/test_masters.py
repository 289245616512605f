"""Who keeps the master key: a file, Vault's transit engine, AWS KMS; all do the same."""

import json
import os
import stat
import sys
from asyncio import create_subprocess_exec, gather, sleep, timeout, to_thread
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from app.embedded.opensearch import free_port
from app.keys import KeyRefused
from app.keys.file import FileMaster
from app.keys.key_provider import Master
from app.keys.kms import KmsMaster
from app.keys.vault import VaultMaster
from domain.kit.sealed import KeysUnavailable
from tests.keys import transit

CONTEXT = {"purpose": "test", "tenant": "one"}
PLAIN = b"a key of thirty-two bytes, plain"


@pytest.fixture
def file(tmp_path: Path) -> FileMaster:
    master = FileMaster(tmp_path / "keys/master.json")
    master.make()
    return master


@pytest.fixture
def vault_server() -> Iterator[transit.Transit]:
    with transit.serving() as server:
        yield server


@pytest.fixture
async def vault(vault_server: transit.Transit) -> AsyncIterator[VaultMaster]:
    master = VaultMaster(vault_server.url, key="headwater", token=transit.TOKEN)
    yield master
    await master.close()


@pytest.fixture(scope="module")
async def kms_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """moto's server, in a process of its own."""
    port = free_port()
    with (tmp_path_factory.mktemp("moto") / "moto.log").open("wb") as log:
        server = await create_subprocess_exec(
            sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port), stdout=log, stderr=log
        )
        url = f"http://127.0.0.1:{port}"
        try:
            async with timeout(60), httpx.AsyncClient(trust_env=False, timeout=120) as http:
                while True:
                    try:
                        await http.get(f"{url}/moto-api/")
                        break
                    except httpx.TransportError:
                        assert server.returncode is None, "moto did not start"
                        await sleep(0.05)
            yield url
        finally:
            server.terminate()
            await server.wait()


@pytest.fixture
async def kms(kms_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[KmsMaster]:
    for name, value in (("ACCESS_KEY_ID", "test"), ("SECRET_ACCESS_KEY", "test"), ("REGION", "eu-central-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    master = KmsMaster(await a_kms_key(kms_url), url=kms_url)
    yield master
    await master.close()


async def a_kms_key(url: str) -> str:
    """A new key's id."""
    import boto3  # type: ignore[import-untyped]

    created = await to_thread(
        lambda: boto3.client("kms", endpoint_url=url, region_name="eu-central-1").create_key()
    )
    return str(created["KeyMetadata"]["KeyId"])


@pytest.fixture(params=["file", "vault", pytest.param("kms", marks=pytest.mark.servers)])
def master(request: pytest.FixtureRequest) -> Master:
    found: Master = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["file", "vault"])
def rotating(request: pytest.FixtureRequest) -> Master:
    """One that makes new generations when it is asked to."""
    found: Master = request.getfixturevalue(request.param)
    return found


async def test_what_is_wrapped_unwraps(master: Master) -> None:
    wrapped = await master.wrap(PLAIN, CONTEXT)
    assert PLAIN not in wrapped.data
    assert wrapped.master_key == await master.current()
    assert await master.unwrap(wrapped, CONTEXT) == PLAIN


async def test_it_does_not_unwrap_in_another_context(master: Master) -> None:
    wrapped = await master.wrap(PLAIN, CONTEXT)
    with pytest.raises(KeyRefused):
        await master.unwrap(wrapped, {**CONTEXT, "tenant": "two"})


async def test_nor_when_it_was_changed(master: Master) -> None:
    wrapped = await master.wrap(PLAIN, CONTEXT)
    with pytest.raises(KeyRefused):
        await master.unwrap(replace(wrapped, data=wrapped.data[:-3] + b"AAA"), CONTEXT)


async def test_former_generations_still_unwrap(rotating: Master) -> None:
    wrapped = await rotating.wrap(PLAIN, CONTEXT)
    name = await rotating.rotate()
    assert name == await rotating.current() != wrapped.master_key
    assert await rotating.unwrap(wrapped, CONTEXT) == PLAIN
    assert (await rotating.wrap(PLAIN, CONTEXT)).master_key == name


async def test_aws_rotates_by_itself(kms: KmsMaster) -> None:
    with pytest.raises(KeyRefused, match="HEADWATER_KEY_ID"):
        await kms.rotate()


async def test_a_vault_that_is_sealed_or_away_is_unavailable(
    vault: VaultMaster, vault_server: transit.Transit
) -> None:
    vault_server.sealed = True
    with pytest.raises(KeysUnavailable):
        await vault.wrap(PLAIN, CONTEXT)
    away = VaultMaster(f"http://127.0.0.1:{free_port()}", key="headwater")
    with pytest.raises(KeysUnavailable):
        await away.current()
    await away.close()


async def test_a_vault_that_does_not_know_us_refuses(vault_server: transit.Transit) -> None:
    stranger = VaultMaster(vault_server.url, key="headwater", token="another")
    with pytest.raises(KeyRefused, match="403"):
        await stranger.wrap(PLAIN, CONTEXT)
    await stranger.close()


async def test_a_kms_that_is_away_is_unavailable(kms: KmsMaster) -> None:
    away = KmsMaster("alias/headwater", url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(KeysUnavailable):
        await away.current()
    await away.close()


async def test_a_kms_without_the_key_refuses(kms: KmsMaster, kms_url: str) -> None:
    other = KmsMaster("alias/nothing", url=kms_url)
    with pytest.raises(KeyRefused, match="NotFound"):
        await other.current()
    await other.close()


def test_only_its_owner_may_read_the_file(file: FileMaster, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "keys/master.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
async def test_a_file_that_others_may_read_is_refused(file: FileMaster, tmp_path: Path, mode: int) -> None:
    (tmp_path / "keys/master.json").chmod(mode)
    with pytest.raises(KeyRefused, match="0600"):
        await file.current()


async def test_two_who_make_the_file_at_once_have_the_same(tmp_path: Path) -> None:
    masters = [FileMaster(tmp_path / "keys/master.json") for _ in range(8)]
    await gather(*(to_thread(master.make) for master in masters))
    assert len({await master.current() for master in masters}) == 1
    assert os.listdir(tmp_path / "keys") == ["master.json"]


async def test_two_who_rotate_at_once_lose_no_key(file: FileMaster, tmp_path: Path) -> None:
    others = [FileMaster(tmp_path / "keys/master.json") for _ in range(4)]
    names = await gather(*(master.rotate() for master in others))
    assert set(names) < json.loads((tmp_path / "keys/master.json").read_text())["keys"].keys()


async def test_a_rotation_elsewhere_is_seen(file: FileMaster, tmp_path: Path) -> None:
    await file.current()
    name = await FileMaster(tmp_path / "keys/master.json").rotate()
    assert await file.current() == name


async def test_a_file_with_other_keys_says_what_is_wrong(file: FileMaster, tmp_path: Path) -> None:
    other = FileMaster(tmp_path / "other.json")
    other.make()
    with pytest.raises(KeyRefused, match="HEADWATER_KEY_FILE"):
        await other.unwrap(await file.wrap(PLAIN, CONTEXT), CONTEXT)


async def test_without_a_file_there_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match="HEADWATER_KEY_FILE"):
        await FileMaster(tmp_path / "none.json").current()


async def test_a_broken_file_holds_no_keys(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "broken.json").chmod(0o600)
    with pytest.raises(KeyRefused, match="holds no master keys"):
        await FileMaster(tmp_path / "broken.json").current()
