"""Which IP addresses may be called on behalf of a tenant: those of the public Internet alone."""

from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from domain.kit.process.web_address import WebAddressInvalid, read_web_address

_NOT_PUBLIC = [
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # Shared by the customers of one provider.
        "127.0.0.0/8",
        "169.254.0.0/16",  # Metadata of clouds among them.
        "168.63.129.16/32",  # Azure's, for its own machines.
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # Relays of 6to4.
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",  # Teredo, ORCHID, benchmarks.
        "2001:db8::/32",
        "2002::/16",  # 6to4: leads to any address of IPv4.
        "3fff::/20",
    )
]
_PUBLIC_6 = ip_network("2000::/3")
"""What is given out of IPv6. Outside are loopback, local and multicast ones, and those of IPv4 in another form:
mapped (``::ffff:0:0/96``), compatible (``::/96``), translated (``64:ff9b::/96``, ``64:ff9b:1::/48``)."""

IpAddress = IPv4Address | IPv6Address


def is_public(address: IpAddress) -> bool:
    """Whether an address is one of the public Internet. Python's ``is_global`` differs between its releases."""
    if isinstance(address, IPv6Address) and (address.scope_id or address not in _PUBLIC_6):
        return False
    return not any(address in network for network in _NOT_PUBLIC if network.version == address.version)


def is_reachable(text: str, *, loopback: bool, https: bool) -> bool:
    """Whether a host's address may be called. ``loopback``: this machine's own may be, and without TLS."""
    address = ip_address(text)
    if loopback and address.is_loopback:
        return True
    return https and is_public(address)


def refusal_of(url: str, *, ports: Collection[int], loopback: bool) -> str | None:
    """Why an address would not be called, as far as its text says so: the end of a sentence that begins with it.

    What a name leads to is known when it is called. None: nothing is against it so far.
    """
    try:
        address = read_web_address(url)
    except WebAddressInvalid as invalid:
        return str(invalid)
    if address.is_this_machine or address.host.endswith(".localhost"):
        return None if loopback else "is this machine's own"
    if address.port not in ports:
        return f"has the port {address.port}, which may not be called"
    try:
        public = is_public(ip_address(address.host))
    except ValueError:
        return None
    return None if public else "is none of the public Internet"
