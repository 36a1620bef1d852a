"""`gr crawl` as a user runs it: its report after an interrupt."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

from rows import rows_of


def test_ctrl_c_reports_and_logs_the_pages_fetched(root, site, page, reply, late, store):
    site.replies = {f"/{number}": page(f"page {number}", f"/{number + 1}") for number in range(3)}
    site.replies["/3"] = reply(late(b"much later", 20))
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "cli",
            "crawl",
            f"{site.url}/0",
            "--delay",
            "0",
            "--data",
            store.data,
            "--json",
        ],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )
    while not site.hits["/3"]:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    (reported,) = json.loads(output)["steps"]
    assert reported["rows"] == len(rows_of(store, "pages")) == 3
    assert reported["notes"][-1] == "did not finish"
    (logged,) = (store.state / "runs.jsonl").read_text().splitlines()
    assert json.loads(logged)["rows"] == 3
