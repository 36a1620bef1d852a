"""Serves a folder such as data/sample_site as a web site on loopback, for the demo and the tests.

with serve_site(Path("data/sample_site")) as url:
    ...
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

REDIRECTS = "_redirects"


@contextmanager
def serve_site(folder: Path, port: int = 0) -> Iterator[str]:
    """Serve `folder` and yield the base URL, without a trailing slash; port 0 picks a free port.

    A folder's URL serves its `index.html`. A line `/old /new 301` in `_redirects` redirects. `{host}` in
    sitemap.xml is replaced by the Host header. Names that start with `_` or `.` are not served.
    """
    handler = partial(SiteHandler, read_redirects(folder / REDIRECTS), directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def read_redirects(path: Path) -> dict[str, tuple[str, int]]:
    """Parse lines `/old /new 301` into {old: (new, status)}; empty if there is no file."""
    if not path.is_file():
        return {}
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    rules = [line for line in lines if line and not line[0].startswith("#")]
    return {old: (new, int(status[0]) if status else HTTPStatus.FOUND) for old, new, *status in rules}


class SiteHandler(SimpleHTTPRequestHandler):
    """Serves the folder's files and redirects, and its sitemap with the request's host filled in."""

    protocol_version = "HTTP/1.1"

    def __init__(self, redirects: dict[str, tuple[str, int]], *args: object, **kwargs: object) -> None:
        self.redirects = redirects
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Answer one request."""
        path = unquote(urlsplit(self.path).path)
        if path in self.redirects:
            self._redirect(*self.redirects[path])
        elif any(part.startswith(("_", ".")) for part in path.split("/")):
            self.send_error(HTTPStatus.NOT_FOUND)
        elif path == "/sitemap.xml":
            self._sitemap()
        else:
            super().do_GET()

    def _redirect(self, location: str, status: int) -> None:
        self.send_response(status)
        self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _sitemap(self) -> None:
        path = Path(self.directory) / "sitemap.xml"
        if not path.is_file():
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        body = path.read_bytes().replace(b"{host}", self.headers.get("Host", "").encode("latin-1"))
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def list_directory(self, path: object) -> None:
        """Respond 404 to a folder without index.html instead of listing its files."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""
