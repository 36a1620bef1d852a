"""Scrapy's aiohttp download handler, restricted to public addresses unless private ones are allowed."""

from __future__ import annotations

import aiohttp
from scrapy import Request
from scrapy.core.downloader.handlers._aiohttp import AiohttpDownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.utils.httpobj import urlparse_cached

from crawl.web.private import PublicResolver, refuse_private

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
        """Send the request.

        Raises PrivateAddress if the host is a private address, and an error that wraps PrivateAddress if the
        host's name resolves to a private address.
        """
        if self.public_only:
            refuse_private(urlparse_cached(request).hostname or "")
        return await super().download_request(request)
