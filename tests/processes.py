"""Processes for tests to kill: each is a fork of one process that has all imports behind it."""

from __future__ import annotations

from multiprocessing import get_context

PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(["pandas", "pytest", "store", "crawl.extract", "crawl.spider", "aiohttp"])
