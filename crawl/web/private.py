"""Private addresses, which a crawl must not reach: this machine, its network, other non-public ranges.

A page may link or redirect to a private address, and a host name may resolve to one. So the address of every
request is checked when the connection is made. The attack is described at
https://owasp.org/www-community/attacks/Server_Side_Request_Forgery.
"""

from __future__ import annotations

import ipaddress
import socket
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit
from urllib.request import getproxies

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

NAT64 = ipaddress.ip_network("64:ff9b::/96")  # the last 32 bits are an IPv4 address


class PrivateAddress(OSError):
    """The host is, or resolves to, an address that is not public."""


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet. Embedded IPv4 addresses are checked in its place."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return all(each.is_global and not each.is_multicast for each in _destinations(ip))


def _destinations(ip: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    """The addresses that a packet to `ip` may reach: the IPv4 addresses embedded in `ip`, or else `ip`."""
    if isinstance(ip, IPv4Address):
        return [ip]
    if ip in NAT64:
        return [IPv4Address(int(ip) & 0xFFFFFFFF)]
    inner = [each for each in (ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())) if each]
    return [*inner] or [ip]


def refuse_private(host: str) -> None:
    """Raise PrivateAddress if the host is itself a private IP address."""
    try:
        public = is_public(host.strip("[]"))
    except ValueError:  # the host is a name: the resolver checks its addresses
        return
    if not public:
        raise PrivateAddress(host)


class PublicResolver(AbstractResolver):
    """aiohttp's resolver, but it raises PrivateAddress if any address of a name is private.

    Proxies set in the environment are exempt; addresses behind a proxy are not checked.
    """

    def __init__(self) -> None:
        self.resolver = ThreadedResolver()
        self.proxies = {urlsplit(proxy).hostname for proxy in getproxies().values()}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Resolve a name to its addresses. Raises PrivateAddress if one of the addresses is not public."""
        found = await self.resolver.resolve(host, port, family)
        for each in found:
            if host not in self.proxies and not is_public(each["host"]):
                raise PrivateAddress(host)
        return found

    async def close(self) -> None:
        """Do nothing: no resource is held."""
