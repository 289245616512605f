"""The routes of files: taken in bounded, handed out by signed links, whole or in ranges."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.imports.importing import Importer, table
from tests.kit.client import Client
from tests.kit.processes import until
from tests.kit.product import Product

pytestmark = pytest.mark.servers


async def _link(importer: Importer, content: bytes) -> str:
    """A link to a file that is imported, and not yet gone."""
    begun = await importer.begin(content)
    await importer.client.send("PauseImport", input={"id": begun["id"]})
    found: dict[str, Any] = await importer.client.send("ImportFile", id=begun["id"])
    link: str = found["fileUrl"]
    return link


async def test_a_file_is_answered_with_what_it_is(importer: Importer) -> None:
    response = await importer.post(table(3), "März.csv")
    assert response.status_code == 201
    said = response.json()
    assert (said["name"], said["size"]) == ("März.csv", len(table(3)))
    assert (await importer.post(table(3), "other")).json() == said


async def test_a_link_hands_out_the_file_whole_or_in_part(importer: Importer, product: Product) -> None:
    content = table(20_000)
    link = await _link(importer, content)
    whole = await product.http.get(link)
    assert (whole.status_code, whole.content) == (200, content)
    # It is called as it was when it was sent.
    assert whole.headers["content-disposition"].startswith('attachment; filename="')
    assert whole.headers["content-type"] == "text/csv"
    assert whole.headers["cache-control"] == "private, no-store"
    size = len(content)
    for asked, start, end in (
        ("bytes=0-9", 0, 10),
        (f"bytes={size - 5}-", size - 5, size),
        ("bytes=-7", size - 7, size),
        ("bytes=70000-140000", 70_000, 140_001),
        (f"bytes=5-{size + 99}", 5, size),
    ):
        part = await product.http.get(link, headers={"range": asked})
        assert (part.status_code, part.content) == (206, content[start:end])
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
    none = await product.http.get(link, headers={"range": f"bytes={size}-"})
    assert (none.status_code, none.headers["content-range"]) == (416, f"bytes */{size}")
    assert (await product.http.get(link.replace("signature=", "signature=0"))).status_code == 404
    assert (await product.http.get(link.partition("?")[0])).status_code == 404


async def test_who_may_not_read_events_is_given_no_link(importer: Importer, product: Product) -> None:
    begun = await importer.begin(table(2))
    reader = product.client(importer.client.tenant, importer.client.user, ["gateway:read"], role="guest")
    answer = await reader.answer("ImportFile", id=begun["id"])
    assert answer["data"]["import"] == {"id": begun["id"], "fileUrl": None}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/files?name=a/b", 400),
        ("/v1/files?name=", 400),
        ("/v1/files?nom=a", 400),
        ("/v1/files?name=" + "x" * 201, 400),
        ("/v1/files?name=%E2%80%AEvsc.exe", 400),
    ],
)
async def test_refuses_what_is_no_name(importer: Importer, path: str, status: int) -> None:
    headers = {"authorization": f"Bearer {importer.client.token}"}
    response = await importer.product.http.post(path, content=b"x", headers=headers)
    assert response.status_code == status


async def test_refuses_an_empty_file(importer: Importer) -> None:
    response = await importer.post(b"", "empty.csv")
    assert (response.status_code, response.json()["code"]) == (400, "invalid")


async def test_refuses_nobody_and_what_is_encoded(importer: Importer) -> None:
    http = importer.product.http
    assert (await http.post("/v1/files", content=b"x")).status_code == 401
    headers = {"authorization": f"Bearer {importer.client.token}", "content-encoding": "gzip"}
    assert (await http.post("/v1/files", content=b"x", headers=headers)).status_code == 415


async def test_a_store_that_is_away_is_no_fault_of_the_server(
    importer: Importer, product: Product, client: Client
) -> None:
    link = await _link(importer, table(3))
    folder = product.settings.data_dir / "files" / "headwater-files" / str(client.tenant)
    aside = folder.with_name("aside")
    folder.rename(aside)
    folder.write_text("no folder")
    try:
        response = await importer.post(table(2))
        assert (response.status_code, response.json()["code"]) == (503, "not_ready")
        assert (await product.http.get(link)).status_code == 503
    finally:
        folder.unlink()
        aside.rename(folder)


async def test_a_file_that_breaks_off_is_not_there(importer: Importer) -> None:
    url = httpx.URL(str(importer.product.http.base_url))
    _, writer = await asyncio.open_connection(url.host, url.port)
    head = f"POST /v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {importer.client.token}\r\n"
    writer.write(f"{head}Content-Length: 1000\r\n\r\nhalf".encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    folder = importer.product.settings.data_dir / "files" / "headwater-files" / str(importer.client.tenant)

    async def gone() -> bool:
        return not [path for path in folder.rglob("*") if path.is_file()]

    await until(gone)
