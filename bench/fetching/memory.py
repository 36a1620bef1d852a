"""Peak memory of a crawl with a short queue and of one with a long queue."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.fetching.site import ROOT, serving

PAGES = 300  # pages that each crawl fetches
MANY_HOSTS = sys.platform == "linux"  # where all addresses of 127.0.0.0/8 are loopback


def measure_memory(queues: list[int]) -> list[float]:
    """Return the peak memory in MB of one crawl for each number of queued URLs."""
    with serving("linked", 10 * PAGES, "0.0.0.0" if MANY_HOSTS else "127.0.0.1") as site:
        return [_peak(site.url, count) for count in queues]


def _peak(url: str, count: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.fetching.memory", url, str(count), folder]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def host_of(url: str, number: int) -> str:
    """The site's URL with the host of URL `number`: two URLs of the list share a host."""
    host = number // 2
    name = f"127.{1 + host // 62_500}.{host // 250 % 250}.{1 + host % 250}"
    return url.replace("127.0.0.1", name) if MANY_HOSTS else url


def peak() -> float:
    """This process's peak memory in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would include the parent's memory at the start of this process
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def main() -> None:
    """Queue URL/0, URL/1, ... in FOLDER, fetch PAGES of them, and print the process's peak memory in MB."""
    from crawl.fetch import fetch
    from gr_toolkit.settings import Settings
    from gr_toolkit.store import Store

    url, count, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    (folder / "urls.txt").write_text("".join(f"{host_of(url, number)}/{number}\n" for number in range(count)))
    crawl = {"allow_private": True, "delay": 0, "max_pages": PAGES, "max_depth": 0, "shard_pages": 50}
    settings = Settings(data=str(folder), crawl=crawl)
    fetch(Store(settings.data, settings.state), settings, [str(folder / "urls.txt")], [])
    print(peak())


if __name__ == "__main__":
    main()
