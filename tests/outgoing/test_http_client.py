"""What is called on behalf of tenants: real servers on this machine, good, slow, endless and treacherous ones."""

import asyncio
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.outgoing.http_client import OutgoingClient
from app.storage.certificates import make_certificates
from domain.kit.process.http_client import HttpAnswer, HttpFailure, HttpRequest, NoHttpAnswer
from tests.outgoing.servers import Destination, destination


def known(**hosts: Sequence[str]) -> "Names":
    return Names({name.replace("_", "."): list(found) for name, found in hosts.items()})


class Names:
    """A resolver that answers each question about a name with the next of its addresses."""

    def __init__(self, hosts: dict[str, list[str]]) -> None:
        self.hosts, self.questions = hosts, 0

    async def __call__(self, host: str) -> Sequence[str]:
        self.questions += 1
        found = self.hosts[host]
        return [found.pop(0)] if len(found) > 1 else found


class Fixed(Names):
    """One that answers with all of them."""

    async def __call__(self, host: str) -> Sequence[str]:
        return self.hosts[host]


def local(**more: object) -> OutgoingClient:
    return OutgoingClient(loopback=True, **more)  # type: ignore[arg-type]


async def call(client: OutgoingClient, url: str, *, seconds: float = 15) -> HttpAnswer:
    request = HttpRequest(url=url, body=b"{}", headers={"Content-Type": "application/json"})
    return await client.send(request, seconds=seconds)


async def refused(client: OutgoingClient, url: str, *, seconds: float = 15) -> HttpFailure:
    with pytest.raises(NoHttpAnswer) as refusal:
        await call(client, url, seconds=seconds)
    return refusal.value.failure


async def test_what_no_header_can_say_is_not_sent() -> None:
    async with destination() as server:
        request = HttpRequest(
            url=f"http://127.0.0.1:{server.port}/", headers={"Authorization": "Bearer \u017e"}
        )
        with pytest.raises(NoHttpAnswer) as refusal:
            await local().send(request, seconds=15)
    assert (refusal.value.failure, server.received) == (HttpFailure.BROKEN, [])


async def test_sends_and_reads_the_answer() -> None:
    async with destination(b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nslow") as server:
        answer = await call(local(), f"http://127.0.0.1:{server.port}/hook?a=1")
    assert (answer.status, answer.headers["retry-after"], answer.body) == (429, "7", b"slow")
    [received] = server.received
    assert (received.target, received.body) == ("/hook?a=1", b"{}")
    assert received.headers["host"] == f"127.0.0.1:{server.port}"
    assert received.headers["content-type"] == "application/json"


async def test_connects_to_the_address_that_was_checked_whatever_the_name_says_next() -> None:
    async with destination() as checked:
        async with destination(host="127.0.0.2", port=checked.port) as other:
            resolve = known(localhost=["127.0.0.1", "127.0.0.2"])
            await call(local(resolve=resolve), f"http://localhost:{checked.port}/")
    assert (resolve.questions, len(checked.received), len(other.received)) == (1, 1, 0)
    assert checked.received[0].headers["host"] == f"localhost:{checked.port}"


async def test_a_name_of_this_network_is_not_called() -> None:
    async with destination() as server:
        client = OutgoingClient(ports=(443, server.port), resolve=known(inside_example=["127.0.0.1"]))
        assert await refused(client, f"https://inside.example:{server.port}/") is HttpFailure.NAME
        mixed = Fixed({"inside.example": ["93.184.216.34", "127.0.0.1"]})
        client = OutgoingClient(ports=(443, server.port), resolve=mixed)
        # As of a name that nobody has: it says nothing of which names this network knows.
        assert await refused(client, f"https://inside.example:{server.port}/") is HttpFailure.NAME
    assert server.received == []


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "127.0.0.1.", "0"),
        *("10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "168.63.129.16"),
        *("0.0.0.0", "255.255.255.255", "224.0.0.1", "198.18.0.1", "192.0.2.1", "240.0.0.1"),
        *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::a00:1]"),
        *("[2002:7f00:1::]", "[2001:0:1::1]", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]"),
        *(
            "[2001:db8::1]",
            "localhost",
            "[::ffff:0:127.0.0.1]",
            "[fe80::1%25lo]",
            "１２７.0.0.1",
            "127。0。0。1",
        ),
    ],
)
async def test_nothing_but_the_public_internet_is_called(host: str) -> None:
    assert await refused(OutgoingClient(), f"https://{host}/") is HttpFailure.ADDRESS


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/", "ftp://example.com/", "https://example.com:22/", "https://example.com:0/"),
        *(
            "https://ann:secret@example.com/",
            "https://example.com@127.0.0.1/",
            "https://127.0.0.1#@example.com/",
        ),
        *(
            "https:///",
            "https://",
            "//example.com",
            "https://a\\@b.example/",
            "https://exa mple.com/",
            "file:///",
        ),
        *("https://example.com/\r\nX: y", "https://example.com/ä", f"https://example.com/{'a' * 2000}"),
    ],
)
async def test_an_address_that_says_too_much_is_not_called(url: str) -> None:
    assert await refused(OutgoingClient(), url) is HttpFailure.ADDRESS


async def test_without_tls_this_machine_alone_is_called_and_when_it_may_be() -> None:
    async with destination() as server:
        assert await refused(OutgoingClient(ports=(server.port,)), server.url) is HttpFailure.ADDRESS
        client = local(ports=(server.port,), resolve=known(localhost=["93.184.216.34"]))
        assert await refused(client, f"http://localhost:{server.port}/") is HttpFailure.ADDRESS
    assert server.received == []


async def test_redirects_are_answers() -> None:
    async with destination() as inside:
        moved = f"HTTP/1.1 307 Moved\r\nLocation: {inside.url}\r\nContent-Length: 0\r\n\r\n".encode()
        async with destination(moved) as server:
            assert (await call(local(), server.url)).status == 307
    assert inside.received == []


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with destination() as proxy, destination() as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "")
        await call(local(), server.url)
    assert (len(server.received), proxy.received) == (1, [])


async def endless(server: Destination, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 100000000000\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def test_of_an_endless_answer_the_beginning_is_read() -> None:
    async with destination(behave=endless) as server:
        answer = await call(local(most=1000), server.url)
    assert (answer.status, answer.body) == (200, b"x" * 1000)


async def drip(server: Destination, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def forever_early(server: Destination, writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def silence(server: Destination, writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        await asyncio.sleep(0.02)
        writer.write(b"")
        if len(server.received) > 1:
            return


@pytest.mark.parametrize("behave", [drip, forever_early, silence])
async def test_who_answers_slowly_has_so_long_in_all(behave: object) -> None:
    async with destination(behave=behave) as server:  # type: ignore[arg-type]
        assert await refused(local(), server.url, seconds=0.4) is HttpFailure.TIMEOUT
        server.behave = None
        await call(local(), server.url)


async def test_nobody_listens() -> None:
    async with destination() as server:
        pass
    assert await refused(local(), server.url) is HttpFailure.CONNECTION


@pytest.mark.parametrize(
    "junk", [b"", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 99999]
)
async def test_what_is_no_http_is_no_answer(junk: bytes) -> None:
    async with destination(junk) as server:
        assert await refused(local(), server.url) is HttpFailure.BROKEN


async def test_the_second_address_is_tried_when_the_first_takes_no_connection() -> None:
    async with destination() as server:
        both = Fixed({"localhost": ["127.0.0.9", "127.0.0.1"]})
        await call(local(resolve=both), f"http://localhost:{server.port}/")
    assert len(server.received) == 1


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    make_certificates(folder, {"hooks.example": None})
    return folder


def served(certificates: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    own = certificates / "hooks.example"
    context.load_cert_chain(own / "cert.pem", own / "key.pem")
    return context


async def test_a_certificate_is_for_the_name_and_the_server_hears_it(certificates: Path) -> None:
    asked: list[str] = []
    context = served(certificates)
    context.sni_callback = lambda _, name, __: asked.append(name)
    trusted = ssl.create_default_context(cafile=str(certificates / "ca" / "ca.pem"))
    resolve = Fixed({"hooks.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]})
    resolve.hosts["127.0.0.1"] = ["127.0.0.1"]
    async with destination(tls=context) as server:
        client = local(resolve=resolve, authorities=trusted)
        assert (await call(client, f"https://hooks.example:{server.port}/")).status == 204
        assert await refused(client, f"https://other.example:{server.port}/") is HttpFailure.TLS
        client = local(resolve=resolve)
        assert await refused(client, f"https://hooks.example:{server.port}/") is HttpFailure.TLS
        client = local(resolve=resolve, authorities=trusted)
        assert await refused(client, f"https://127.0.0.1:{server.port}/") is HttpFailure.TLS
    assert asked[:2] == ["hooks.example", "other.example"]
    assert [received.headers["host"] for received in server.received] == [f"hooks.example:{server.port}"]


async def test_ipv6_of_this_machine() -> None:
    try:
        async with destination(host="::1") as server:
            assert (await call(local(), f"http://[::1]:{server.port}/")).status == 204
    except OSError:
        pytest.skip("This machine has no IPv6.")
