"""Processes for tests to kill: each is a fork of one process that has all imports behind it."""

from __future__ import annotations

from multiprocessing import get_context

from curate.pipeline import STEPS

PROCESSES = get_context("forkserver")
LIBRARIES = ["pandas", "pytest", "aiohttp", "openai"]
ROOMS = ["cli", "gr_toolkit.store", "crawl.stage", "crawl.web.spider", *(f"curate.{step}" for step in STEPS)]
PROCESSES.set_forkserver_preload(LIBRARIES + ROOMS)
