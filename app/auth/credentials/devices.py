"""Places: from which network and device an attempt comes, and whether its account has been used there before."""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from app.auth.credentials.throttle import Attempts
from app.http.client_info import origin

_KNOWN = "select fingerprint from auth.familiar where fingerprint = any($1::text[])"
_REMEMBER = """
insert into auth.familiar (fingerprint, about, at)
select one, $2, clock_timestamp() from unnest($1::text[]) one
on conflict (fingerprint) do update set at = excluded.at
"""


@dataclass(frozen=True, slots=True)
class AttemptSource:
    """Where an attempt comes from, for one account."""

    name: str
    """What attempts from here count under: account and device where these are known, else account and network."""
    network: str
    familiar: bool
    """Whether the account has been used from this device or network before."""


class KnownDevices:
    """Knows places by account; only keyed fingerprints are kept."""

    def __init__(self, attempts: Attempts) -> None:
        self._attempts = attempts

    async def of(self, account: str) -> AttemptSource:
        """The place of the request that is being answered, for whoever claims this account."""
        here, network = origin(), network_of(origin().address)
        device, net = self._prints(account)
        found = {row["fingerprint"] for row in await self._attempts.pool.fetch(_KNOWN, [device, net])}
        if here.device and device in found:
            return AttemptSource(f"{account}\0device\0{here.device}", network, familiar=True)
        return AttemptSource(f"{account}\0network\0{network}", network, familiar=net in found)

    async def remember(self, account: str) -> None:
        """Somebody has shown here that the account is theirs."""
        here = origin()
        here.name_device()
        device, net = self._prints(account)
        about = self._attempts.fingerprint("about", account)
        await self._attempts.pool.execute(_REMEMBER, [device, net], about)

    def _prints(self, account: str) -> tuple[str, str]:
        here = origin()
        return (
            self._attempts.fingerprint("device", f"{account}\0{here.device}"),
            self._attempts.fingerprint("net", f"{account}\0{network_of(here.address)}"),
        )


def network_of(address: str) -> str:
    """The network that one customer of a provider has: the address of IPv4, the first 64 bits of IPv6."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(known, IPv6Address):
        if known.ipv4_mapped is not None:
            return str(known.ipv4_mapped)
        return f"{IPv6Address(int(known) >> 64 << 64)}/64"
    return str(known)
