"""The settings of a request: their values, their order of precedence, and what they refuse."""

from __future__ import annotations

import re
import tomllib

import pytest

from gr_toolkit.errors import UsageError
from gr_toolkit.init import default_toml
from gr_toolkit.settings import LLMSettings, Settings, load_settings

REQUEST = """
[llm]
system = "Be brief."
top_p = 0.9
top_k = 20
min_p = 0.05
stop = ["END"]
seed = 3
extra_body = { reasoning_effort = "low", chat_template_kwargs = { enable_thinking = false } }
[llm.judge]
system = ""
top_k = -1
extra_body = {}
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def load(tmp_path, toml: str) -> LLMSettings:
    (tmp_path / "gr.toml").write_text(toml)
    return load_settings().llm


def test_a_role_overrides_each_field_of_a_request(tmp_path):
    llm = load(tmp_path, REQUEST)
    assert (llm.system, llm.top_p, llm.top_k, llm.min_p) == ("Be brief.", 0.9, 20, 0.05)
    assert (llm.stop, llm.seed) == (["END"], 3)
    judge, extractor = llm.for_role("judge"), llm.for_role("extractor")
    assert extractor.extra_body == {
        "reasoning_effort": "low",
        "chat_template_kwargs": {"enable_thinking": False},
    }
    assert (judge.system, judge.top_k, judge.extra_body) == ("", -1, {})
    assert (judge.top_p, judge.stop) == (0.9, ["END"])


def test_only_a_roles_own_table_overrides_the_default_of_the_role(tmp_path):
    llm = load(tmp_path, "[llm]\ntemperature = 0.5\nmax_tokens = 99\n[llm.verifier]\ntemperature = 0.3")
    solver, verifier, second = map(llm.for_role, ("solver", "verifier", "second_verifier"))
    assert (solver.temperature, solver.max_tokens) == (1.0, 99)
    assert (verifier.temperature, verifier.max_tokens) == (0.3, 2048)
    assert (second.temperature, second.max_tokens) == (0.0, 2048)
    assert (llm.for_role("judge").temperature, llm.for_role(None).temperature) == (0.5, 0.5)


def test_the_environment_gives_a_table_as_json(monkeypatch):
    monkeypatch.setenv("GR_LLM__SOLVER__EXTRA_BODY", '{"chat_template_kwargs": {"n": [1, 2.5, null]}}')
    monkeypatch.setenv("GR_INSTRUCTION", "{braces} are text")
    settings = load_settings()
    solver = settings.llm.for_role("solver")
    assert solver.extra_body == {"chat_template_kwargs": {"n": [1, 2.5, None]}}
    assert settings.instruction == "{braces} are text"


@pytest.mark.parametrize("section", ["llm", "llm.judge"])
@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("temperature = inf", ".temperature = inf: "),
        ("temperature = nan", ".temperature = nan: "),
        ("model = ' '", ".model = ' ': must name a model"),
        ("top_p = 0", ".top_p = 0: "),
        ("top_p = 1.1", ".top_p = 1.1: "),
        ("top_k = -2", ".top_k = -2: "),
        ("min_p = -0.1", ".min_p = -0.1: "),
        ("seed = -1", ".seed = -1: "),
        ("stop = ['']", ".stop.0 = '': "),
        ("extra_body = 3", ".extra_body = 3: "),
        ("extra_body = { a = inf }", ".extra_body.a.float = inf: input should be a finite number"),
        ("extra_body = { stream = true }", "must not hold stream, which gr sets itself"),
        ("extra_body = { messages = [] }", "must not hold messages, which gr sets itself"),
        ("extra_body = { top_p = 0.5 }", "must not hold top_p, which is a setting of its own"),
    ],
)
def test_a_field_that_no_request_can_have_is_refused(tmp_path, section, line, message):
    with pytest.raises(UsageError, match=re.escape(message)) as error:
        load(tmp_path, f"[{section}]\n{line}")
    assert section in str(error.value)
    assert "\n" not in str(error.value)


def test_init_lists_the_fields_of_a_request_and_its_output_is_valid():
    lines = default_toml().splitlines()
    listed = [
        line.removeprefix("# ") for line in lines if line.startswith(("# extra_body", "# stop", "# system"))
    ]
    assert tomllib.loads("\n".join(listed)) == {"system": "", "stop": [], "extra_body": {}}
    assert any(line.startswith("# top_k =   # not set") for line in lines)
    roles = [line for line in lines if line.startswith("# Settings that this role may override")]
    assert all("extra_body" in line for line in roles)
    assert Settings.model_validate(tomllib.loads(default_toml())) == Settings()
