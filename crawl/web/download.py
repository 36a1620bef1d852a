"""Scrapy's aiohttp download handler, restricted to public addresses unless private ones are allowed."""

from __future__ import annotations

import aiohttp
from scrapy import Request
from scrapy.core.downloader.handlers._aiohttp import AiohttpDownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.utils.httpobj import urlparse_cached

from crawl.credentials import authorization
from crawl.urls import has_user, host_of
from crawl.web.private import PublicResolver, refuse_private
from crawl.web.robots import IS_ROBOTS, header

ALLOW_PRIVATE = "ALLOW_PRIVATE"  # the name of our setting in Scrapy's settings


class PublicDownloadHandler(AiohttpDownloadHandler):
    """Checks the address of every connection, including connections for redirects and robots.txt."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.public_only = not crawler.settings.getbool(ALLOW_PRIVATE)
        if self.public_only:
            connector = self._session.connector
            assert isinstance(connector, aiohttp.TCPConnector)
            connector._resolver = PublicResolver()

    async def download_request(self, request: Request) -> Response:
        """Send the request, with the credentials of its host.

        Raises PrivateAddress if the host is a private address, and an error that wraps PrivateAddress if the
        host's name resolves to a private address.
        """
        if self.public_only:
            refuse_private(urlparse_cached(request).hostname or "")
        credentials = authorization(request.url) if may_carry_credentials(request) else None
        if credentials is None or "Authorization" in request.headers:
            return await super().download_request(request)
        request.headers["Authorization"] = credentials
        try:
            return await super().download_request(request)
        finally:  # a request that follows this one, such as after a redirect, copies its headers
            request.headers.pop("Authorization", None)


def may_carry_credentials(request: Request) -> bool:
    """Whether the crawl itself sends the request, or a rendered page sends it to its own host.

    With the credentials of another host, a page's scripts could act there in the user's name.
    """
    if "entry" in request.meta or request.meta.get(IS_ROBOTS):
        return not has_user(request.url)  # aiohttp refuses a request with credentials in two places
    return host_of(header(request.headers, "Referer") or "") == host_of(request.url)
