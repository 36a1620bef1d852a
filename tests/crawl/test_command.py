"""`gr crawl` as a person runs it: what it tells when it ends early."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

from rows import rows_of


def test_ctrl_c_leaves_the_account_of_what_was_fetched(root, site, page, reply, late, store):
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
    (told,) = json.loads(output)["steps"]
    assert told["rows"] == len(rows_of(store, "pages")) == 3
    assert told["notes"][-1] == "did not finish"
    (logged,) = (store.state / "runs.jsonl").read_text().splitlines()
    assert json.loads(logged)["rows"] == 3
