"""Addresses that a crawl must not reach: this machine, its network, and what else is not the public internet.

A page may link or redirect there, and a name may resolve to it. So it is the address that is looked at, for
every request anew, at the moment in which it is connected to (https://owasp.org/www-community/attacks/
Server_Side_Request_Forgery).
"""

from __future__ import annotations

import ipaddress
import socket
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit
from urllib.request import getproxies

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

NAT64 = ipaddress.ip_network("64:ff9b::/96")


class PrivateAddress(OSError):
    """The host is, or resolves to, an address that is not public."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, also where it wraps one of version 4."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return all(each.is_global and not each.is_multicast for each in _wrapped(ip))


def _wrapped(ip: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    """What a packet to the address may end at: the IPv4 address in it if there is one, else itself."""
    if isinstance(ip, IPv4Address):
        return [ip]
    if ip in NAT64:
        return [IPv4Address(int(ip) & 0xFFFFFFFF)]
    inner = [each for each in (ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())) if each]
    return [*inner] or [ip]


def refuse_private(host: str) -> None:
    """Raise PrivateAddress for a host that is such an address by its own letters."""
    try:
        public = is_public(host.strip("[]"))
    except ValueError:  # a name: the resolver looks at what it resolves to
        return
    if not public:
        raise PrivateAddress(host)


class PublicResolver(AbstractResolver):
    """aiohttp's resolver, but a name that resolves to any private address raises PrivateAddress.

    The proxies that the environment names are exempt; what they connect to is not seen here.
    """

    def __init__(self) -> None:
        self.resolver = ThreadedResolver()
        self.proxies = {urlsplit(proxy).hostname for proxy in getproxies().values()}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name, all of them public."""
        found = await self.resolver.resolve(host, port, family)
        for each in found:
            if host not in self.proxies and not is_public(each["host"]):
                raise PrivateAddress(host)
        return found

    async def close(self) -> None:
        """Nothing is held open."""
