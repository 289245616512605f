"""Addresses that tenants name: read once, in one way."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kit.process.web_address import WebAddressInvalid, read_web_address


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("https://Example.COM", "https://example.com/"),
        ("HTTPS://example.com:443/hook?a=b%20c", "https://example.com/hook?a=b%20c"),
        ("https://example.com:8443/a", "https://example.com:8443/a"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://example.com./", "https://example.com/"),
        ("https://93.184.216.34/", "https://93.184.216.34/"),
        ("https://[2606:2800:220:1::1]/", "https://[2606:2800:220:1::1]/"),
        ("https://example.com?x", "https://example.com/?x"),
        ("http://localhost:8080/hook", "http://localhost:8080/hook"),
        ("http://127.0.0.1:8080/hook", "http://127.0.0.1:8080/hook"),
    ],
)
def test_reads_an_address(text: str, read: str) -> None:
    assert str(read_web_address(text)) == read


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("example.com", "does not begin with https://"),
        ("http://example.com/", "does not begin with https://"),
        ("javascript:alert(1)", "does not begin with https://"),
        ("https://ann@example.com/", "names a user; send secrets in another way"),
        ("https://example.com/#a", "has a fragment"),
        ("https://127.1/", "has a host or a port that cannot be one"),
        ("https://0x7f.0.0.1/", "has a host or a port that cannot be one"),
        ("https://example.com:99999/", "has a host or a port that cannot be one"),
        ("https://exa_mple.com/", "has a host that is no name"),
        ("https://[fe80::1%eth0]/", "has a host that is known to one machine only"),
        ("https://example.com/a b", "has characters that must be percent-encoded"),
        ("https://exam\tple.com/", "has characters that must be percent-encoded"),
    ],
)
def test_refuses_what_is_none(text: str, why: str) -> None:
    with pytest.raises(WebAddressInvalid, match=f"^{why}$"):
        read_web_address(text)


ODD = st.text(st.sampled_from("ab.:/@#?\\[]%0127xX-_ \t\nä。１"), max_size=30)


@given(ODD | st.text(max_size=30))
def test_the_library_that_connects_reads_the_same_host(rest: str) -> None:
    try:
        address = read_web_address(f"https://{rest}")
    except WebAddressInvalid:
        return
    url = httpx.URL(str(address))
    assert (url.raw_host.decode().strip("[]"), url.port or 443) == (address.host, address.port)
    assert (url.raw_path.decode(), url.userinfo) == (address.path, b"")
    assert read_web_address(str(address)) == address
