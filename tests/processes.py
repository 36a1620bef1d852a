"""Processes for tests to kill: each is forked from one process that has loaded all imports."""

from __future__ import annotations

from multiprocessing import get_context

from curate.command import CURATE_STEPS

PROCESSES = get_context("forkserver")
LIBRARIES = ["pandas", "pytest", "aiohttp", "openai"]
ROOMS = [
    "cli",
    "gr_toolkit.store",
    "crawl.stage",
    "crawl.web.spider",
    *(step.name.replace(" ", ".") for step in CURATE_STEPS),
]
PROCESSES.set_forkserver_preload(LIBRARIES + ROOMS)
