"""Files: whole or not at all, encrypted, found by what they hold, from any place on; in a folder and over S3."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from obstore.store import LocalStore, ObjectStore, S3Store

from app.embedded.process import EmbeddedError
from app.files.factory import object_store
from app.files.pieces import PIECE, PieceCipher, PieceReader, plain_size, sealed_pieces
from app.files.store import ObjectFiles, swept
from app.keys import opened_ring
from app.settings import Settings, SettingsError, read_settings
from app.storage.database import Database
from domain.kit.process.files import FileDamaged, FilesUnavailable, FileTooLarge
from tests.imports.s3.server import S3Server, s3_server

SIZES = (0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7)
MOST = 10 * PIECE


async def _parts(content: bytes, size: int = 10_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def _reader(sealed: bytes, cipher: PieceCipher) -> PieceReader:
    return PieceReader(lambda place, length: sealed[place : place + length], plain_size(len(sealed)), cipher)


@pytest.mark.parametrize("size", SIZES)
async def test_is_read_from_any_place_on(size: int) -> None:
    content, cipher = os.urandom(size), PieceCipher(b"k" * 32, b"tenant")
    sealed = b"".join([piece async for piece in sealed_pieces(_parts(content), cipher)])
    assert plain_size(len(sealed)) == size
    reader = _reader(sealed, cipher)
    assert reader.read() == content
    for place in (0, size // 2, max(size - 1, 0), size, size + 5):
        reader.seek(place)
        assert reader.read() == content[place:]


async def test_what_was_changed_moved_or_cut_does_not_open() -> None:
    content, cipher = os.urandom(2 * PIECE), PieceCipher(b"k" * 32, b"tenant")
    pieces = [piece async for piece in sealed_pieces(_parts(content), cipher)]
    for wrong in (
        pieces[::-1],
        [pieces[0], pieces[0]],
        [pieces[0][:-1] + bytes([pieces[0][-1] ^ 1]), pieces[1]],
        pieces[:1],
    ):
        reader = _reader(b"".join(wrong), cipher)
        with pytest.raises(FileDamaged):
            reader.read()


def test_refuses_what_no_file_takes() -> None:
    for size in (0, 15, PIECE + 16 + 3):
        with pytest.raises(FileDamaged):
            plain_size(size)


@dataclass(frozen=True)
class Place:
    """A store, and the folder in which all lies that it holds."""

    store: ObjectStore
    folder: Path


@pytest.fixture(scope="module")
async def s3(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[S3Server]:
    """A server that speaks S3; without one, tests are skipped, and in CI they fail."""
    try:
        async with s3_server(tmp_path_factory.mktemp("s3")) as server:
            yield server
    except EmbeddedError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no S3: {error}")


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Where files are kept, as settings say it: in a folder, or on a server that speaks S3."""
    if request.param == "folder":
        return Place(object_store(Settings(files=str(tmp_path / "files"))), tmp_path / "files")
    server: S3Server = request.getfixturevalue("s3")
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    bucket = f"bucket-{uuid4()}"
    (server.buckets / bucket).mkdir()
    return Place(object_store(Settings(files=f"s3://{bucket}")), server.buckets / bucket)


@pytest.fixture
async def files(settings: Settings, place: Place) -> AsyncIterator[ObjectFiles]:
    database = await Database.open(settings.database_url, secret=settings.secret)
    try:
        async with opened_ring(settings, database) as ring:
            yield ObjectFiles(place.store, ring)
    finally:
        await database.close()


def _lying(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.servers
@pytest.mark.parametrize("size", SIZES)
async def test_is_stored_encrypted_and_read_again(files: ObjectFiles, place: Place, size: int) -> None:
    tenant, content = uuid4(), b"plain words " * (size // 12) + b"x" * (size % 12)
    stored = await files.store(tenant, "a.csv", _parts(content), most=MOST)
    assert (stored.name, stored.size) == ("a.csv", size)
    found = await files.open(tenant, stored.id)
    assert found is not None
    with found.reader() as reader:
        assert reader.read() == content
    (path,) = _lying(place.folder)
    assert b"plain words" not in path.read_bytes()
    assert b"a.csv" not in path.read_bytes()


@pytest.mark.servers
async def test_the_same_content_is_the_same_file_of_its_tenant_alone(
    files: ObjectFiles, place: Place
) -> None:
    ours, theirs = uuid4(), uuid4()
    first = await files.store(ours, "a", _parts(b"same"), most=MOST)
    again = await files.store(ours, "b", _parts(b"same", 1), most=MOST)
    other = await files.store(theirs, "a", _parts(b"same"), most=MOST)
    # The server of the tests replaces what is there where S3 refuses to (`If-None-Match`).
    assert first == again if isinstance(place.store, LocalStore) else first.id == again.id
    assert other.id != first.id
    assert await files.open(theirs, first.id) is None
    assert len(_lying(place.folder)) == 2
    root = place.folder / "headwater-files"
    os.rename(root / str(ours) / str(first.id), root / str(theirs) / str(first.id))
    with pytest.raises(FileDamaged):
        await files.open(theirs, first.id)


@pytest.mark.servers
async def test_leaves_nothing_of_what_is_too_large_or_broken_off(files: ObjectFiles, place: Place) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * PIECE
        raise ConnectionResetError

    with pytest.raises(FileTooLarge):
        await files.store(uuid4(), "a", _parts(b"x" * (MOST + 1)), most=MOST)
    with pytest.raises(ConnectionResetError):
        await files.store(uuid4(), "a", broken(), most=MOST)
    assert _lying(place.folder) == []


@pytest.mark.servers
async def test_is_removed_one_by_one_by_age_or_with_its_tenant(files: ObjectFiles, place: Place) -> None:
    tenant, other = uuid4(), uuid4()
    one, two = [await files.store(tenant, "a", _parts(text), most=MOST) for text in (b"1", b"2")]
    await files.store(other, "a", _parts(b"3"), most=MOST)
    await files.remove(tenant, one.id)
    await files.remove(tenant, one.id)
    assert await files.open(tenant, one.id) is None
    store, hour = place.store, timedelta(hours=1)
    assert await swept(store, before=datetime.now(UTC) - hour) == 0
    assert await files.sweep(tenant) == 1
    assert await files.open(tenant, two.id) is None
    assert await swept(store, before=datetime.now(UTC) + hour) == 1
    assert _lying(place.folder) == []


@pytest.mark.servers
async def test_what_others_keep_in_the_same_place_is_left_alone(files: ObjectFiles, place: Place) -> None:
    await files.store(uuid4(), "a", _parts(b"1"), most=MOST)
    others = [place.folder / name for name in ("backup.tar", f"{uuid4()}/{uuid4()}")]
    for path in others:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"theirs")
    later = datetime.now(UTC) + timedelta(hours=1)
    assert await swept(place.store, before=later) == 1
    assert sorted(_lying(place.folder)) == sorted(others)


@pytest.mark.servers
@pytest.mark.parametrize("place", ["folder"], indirect=True)
async def test_what_an_upload_that_was_killed_has_left_goes_by_age_and_with_its_tenant(
    files: ObjectFiles, place: Place
) -> None:
    tenant, other = uuid4(), uuid4()
    root = place.folder / "headwater-files"
    left = [root / str(each) / "coming" / f"{uuid4()}#1" for each in (tenant, other)]
    for path in left:
        path.parent.mkdir(parents=True)
        path.write_bytes(b"half")
    await files.sweep(tenant)
    assert _lying(place.folder) == [left[1]]
    store, hour = place.store, timedelta(hours=1)
    await swept(store, before=datetime.now(UTC) - hour)
    assert _lying(place.folder) == [left[1]]
    await swept(store, before=datetime.now(UTC) + hour)
    assert _lying(place.folder) == []


@pytest.mark.servers
@pytest.mark.parametrize("at", [0, 5, -5])
async def test_a_damaged_file_is_replaced_when_its_content_comes_again(
    files: ObjectFiles, place: Place, at: int
) -> None:
    tenant, content = uuid4(), os.urandom(2 * PIECE)
    stored = await files.store(tenant, "a", _parts(content), most=MOST)
    (path,) = _lying(place.folder)
    damaged = bytearray(path.read_bytes())
    damaged[at] ^= 1
    path.write_bytes(damaged)
    assert (await files.store(tenant, "a", _parts(content), most=MOST)).id == stored.id
    found = await files.open(tenant, stored.id)
    assert found is not None
    with found.reader() as reader:
        assert reader.read() == content


@pytest.mark.servers
@pytest.mark.parametrize("place", ["folder"], indirect=True)
async def test_content_that_comes_again_is_kept_as_long_as_if_it_were_new(
    files: ObjectFiles, place: Place
) -> None:
    tenant, content = uuid4(), os.urandom(3 * PIECE)
    stored = await files.store(tenant, "a", _parts(content), most=MOST)
    (path,) = _lying(place.folder)
    sealed, days = path.read_bytes(), timedelta(days=6).total_seconds()
    os.utime(path, (path.stat().st_atime - days, path.stat().st_mtime - days))
    read = await files.open(tenant, stored.id)
    assert read is not None
    with read.reader() as reader:
        assert reader.read(10) == content[:10]
        again = await files.store(tenant, "b", _parts(content), most=MOST)
        # Who reads it goes on.
        assert reader.read() == content[10:]
    assert (again.id, again.name) == (stored.id, "a")
    assert datetime.now(UTC) - again.stored_at < timedelta(hours=1)
    assert (_lying(place.folder), path.read_bytes()) == ([path], sealed)


@pytest.mark.servers
@pytest.mark.parametrize("place", ["s3"], indirect=True)
async def test_whoever_has_another_key_reaches_nothing_over_s3(
    files: ObjectFiles, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = uuid4()
    stored = await files.store(tenant, "a", _parts(b"1"), most=MOST)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    other = ObjectFiles(object_store(Settings(files=f"s3://{place.folder.name}")), files._ring)
    with pytest.raises(FilesUnavailable):
        await other.open(tenant, stored.id)
    with pytest.raises(FilesUnavailable):
        await other.store(tenant, "b", _parts(b"2"), most=MOST)
    assert len(_lying(place.folder)) == 1


@pytest.mark.servers
@pytest.mark.parametrize("place", ["s3"], indirect=True)
async def test_a_large_file_goes_over_s3_in_parts(files: ObjectFiles, place: Place) -> None:
    tenant, content = uuid4(), os.urandom(12 * 1024 * 1024)
    stored = await files.store(tenant, "a", _parts(content, 300_000), most=2 * len(content))
    assert await files.used(tenant) == _lying(place.folder)[0].stat().st_size
    found = await files.open(tenant, stored.id)
    assert found is not None
    with found.reader() as reader:
        reader.seek(9_000_000)
        assert reader.read(100) == content[9_000_000:9_000_100]
        reader.seek(0)
        assert reader.read() == content
    await files.remove(tenant, stored.id)
    assert await files.used(tenant) == 0


def test_refuses_a_place_that_is_neither_folder_nor_s3(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="HEADWATER_FILES"):
        object_store(Settings(data_dir=tmp_path, files="gs://bucket"))
    assert isinstance(object_store(Settings(data_dir=tmp_path, files="s3://bucket/prefix")), S3Store)


def test_the_settings_of_files_are_those_that_other_processes_read(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert read_settings(settings.environ()).max_files_bytes == settings.max_files_bytes == 20 * 1024**3
