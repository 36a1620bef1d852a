"""Secrets stay where the user put them: no file, table, log or message of a run holds one."""

from __future__ import annotations

import base64
import gzip
import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from files import ROOT, contents
from loopback import Answer, Body, fails, says, serving

PASSWORD, MODEL_KEY, DEFAULT_KEY = "planted-password", "planted-model-key", "sk-planted-default-key"
TOKEN, IN_URL, IN_SETTINGS = "planted-hub-token", "planted-in-url", "sk-planted-in-settings"
IN_BODY = "planted-body-key"
IN_QUERY = "planted-in-query"  # identifies a page, so it stays in tables
BASIC = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
EVERYWHERE = (PASSWORD, BASIC, MODEL_KEY, DEFAULT_KEY, TOKEN, IN_URL, IN_SETTINGS, IN_BODY)
BEGINNINGS = [secret[:12] for secret in EVERYWHERE]  # a message that is cut could hold a part of a secret
ECHO = f"refused {MODEL_KEY} {DEFAULT_KEY} {TOKEN} {BASIC} https://ann:{PASSWORD}@e.org/?key={IN_QUERY}"
CUT_ECHO = f"{'no ' * 59}{ECHO}"  # a reason of 200 characters ends within the first key
WORDS = "The speed of a bus that covers 180 km in 3 hours is 60 km/h, since speed is distance by time. "


class Site(BaseHTTPRequestHandler):
    """Two pages that only the right credentials open."""

    def do_GET(self) -> None:
        status = 200 if self.headers["Authorization"] == f"Basic {BASIC}" else 401
        if self.path not in ("/", "/other"):
            status = 404
        name = "first" if self.path == "/" else "second"
        text = f"<h1>The {name} page</h1><p>The {name}. {WORDS * 5}</p><a href=/other>next</a>"
        body = f"<html><body>{text}</body></html>"
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def site() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def behave(body: Body) -> Answer:
    """Fail with an echo of all keys for a ping and for one page; answer anything else."""
    prompt = str(body["messages"])
    if "ten" in prompt and "Count" in prompt:
        return fails(401, ECHO)
    return fails(500, CUT_ECHO) if "The second" in prompt else says('{"pairs": []}')


def decoded(path: Path, content: bytes) -> str:
    """The contents of a file, with the values of tables, which compression would hide."""
    if path.suffix == ".parquet":
        return str(pq.read_table(path).to_pylist())
    if content.startswith(b"SQLite format 3"):
        with closing(sqlite3.connect(path)) as database:
            names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            rows = [database.execute(f'SELECT * FROM "{name}"').fetchall() for (name,) in names]
        return repr(rows) + repr(content)
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    return content.decode("utf-8", "replace")


def may_hold_urls(path: Path) -> bool:
    """Whether the file is a shard of a table, a part of the frontier or a WARC file."""
    return path.suffix == ".parquet" or "warc" in path.parts or path.name.startswith("frontier.sqlite")


@pytest.mark.slow
def test_planted_secrets_appear_in_nothing_that_a_run_writes(tmp_path, site):
    root = f"http://127.0.0.1:{site.server_port}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GR_", "OPENAI_"))}
    variables = {
        "PYTHONPATH": str(ROOT),
        "GR_CRAWL__ALLOW_PRIVATE": "true",
        "GR_CRAWL__DELAY": "0",
        "GR_CRAWL__RETRIES": "0",
        f"GR_AUTH_127_0_0_1_{site.server_port}": f"ann:{PASSWORD}",
        "LLM_CREDENTIAL": MODEL_KEY,
        "OPENAI_API_KEY": DEFAULT_KEY,
        "HUB_TOKEN": TOKEN,
    }
    printed = []

    def gr(code: int, *arguments: str, **more: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            cwd=tmp_path,
            env=clean | variables | more,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        assert done.returncode == code, done.stderr
        printed.append(done.stdout + done.stderr)
        return printed[-1]

    with serving(behave) as server:
        (tmp_path / "gr.toml").write_text(
            f'[llm]\nmodel = "m"\nbase_url = "{server.url}"\napi_key_env = "LLM_CREDENTIAL"\n'
            "retries = 0\npatience = 0\ngive_up_after = 1\n"
        )
        gr(0, "crawl", f"{root}/", "--warc")
        assert "GR_AUTH_" in gr(2, "crawl", f"http://ann:{IN_URL}@127.0.0.1/")
        assert "404" in gr(1, "crawl", f"{root}/missing.xml?api_key={IN_QUERY}")
        gr(0, "curate", "extract")
        assert "refuses the API key in LLM_CREDENTIAL" in gr(1, "llm", "ping")
        assert set(server.keys) == {f"Bearer {MODEL_KEY}"}
    assert "api_key_env" in gr(2, "status", GR_LLM__API_KEY_ENV=IN_SETTINGS)
    body = json.dumps({"data_sources": [{"api_key": IN_BODY}]})
    assert "must not hold a key, as api_key does" in gr(2, "status", GR_LLM__EXTRA_BODY=body)
    gr(0, "status")

    written = {path: decoded(path, content) for path, content in contents(tmp_path / "gr-data").items()}
    stored = "".join(text for path, text in written.items() if path.suffix == ".parquet")
    assert "failed: HTTP 500" in stored
    assert "The second page" in stored
    for text in (*written.values(), *printed):
        assert not [beginning for beginning in BEGINNINGS if beginning in text]
    assert not [path for path, text in written.items() if IN_QUERY in text and not may_hold_urls(path)]
    assert not [text for text in printed if IN_QUERY in text]
