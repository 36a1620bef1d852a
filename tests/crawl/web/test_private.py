"""No request goes to a private address, whether from a source, a link or a redirect."""

from __future__ import annotations

import asyncio
import socket

import pytest

from crawl.web.private import PrivateAddress, PublicResolver, is_public, refuse_private
from gr_toolkit.errors import GrError


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
        "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1",
    ],
)  # fmt: skip
def test_private_addresses(address):
    assert not is_public(address)
    with pytest.raises(PrivateAddress):
        refuse_private(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "64:ff9b::808:808"])
def test_public_addresses(address):
    assert is_public(address)
    refuse_private(address)


def test_names_are_checked_by_their_resolved_addresses():
    refuse_private("localhost")  # a name, so not checked here

    async def resolve(name):
        return await PublicResolver().resolve(name, 80, socket.AF_UNSPEC)

    for name in ("localhost", "127.1", "0x7f.1", "2130706433"):
        with pytest.raises(PrivateAddress):
            asyncio.run(resolve(name))


def test_a_proxy_may_be_private(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://localhost:3128")
    assert asyncio.run(_resolved("localhost"))


async def _resolved(name):
    return await PublicResolver().resolve(name, 80)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0x7f000001"])
def test_a_private_source_is_refused_with_the_remedy(site, page, crawl, host):
    site.replies["/"] = page("root")
    url = site.url.replace("127.0.0.1", host) + "/"
    with pytest.raises(GrError, match=r"private address.*only with --allow-private"):
        crawl(url, allow_private=False)
    assert site.hits.total() == 0
    if host != "[::1]":  # the site listens only on 127.0.0.1
        assert crawl(url).rows == 1  # the refusal is not permanent


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{port}/secret",
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost:{port}/secret",
    ],
)
def test_a_redirect_to_a_private_address_is_not_followed(site, page, reply, crawl, monkeypatch, target):
    """The resolver is patched to accept the site's name as public."""
    site.replies = {"/": page("root", "/out"), "/secret": page("secret")}
    site.replies["/out"] = reply(status=302, headers={"Location": target.format(port=site.server_port)})
    site.replies["/robots.txt"] = reply(b"", type="text/plain")
    public = site.url.replace("127.0.0.1", "public.test")
    resolve = PublicResolver.resolve

    async def resolve_here(port):
        return {"host": "127.0.0.1", "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}

    async def resolve_public(self, host, port=0, family=socket.AF_INET):
        if host != "public.test":
            return await resolve(self, host, port, family)
        return [{**(await resolve_here(port)), "hostname": host}]

    monkeypatch.setattr(PublicResolver, "resolve", resolve_public)
    crawl(public + "/", allow_private=False)
    assert site.hits["/out"] == 1
    with pytest.raises(GrError, match="private address"):
        crawl(public + "/out", allow_private=False)  # a source may redirect only to public hosts
    assert site.hits["/out"] == 2
    assert site.hits["/secret"] == 0
