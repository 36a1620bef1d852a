"""Keys do not stand in settings: what is refused, without showing it, and which key a role inherits."""

from __future__ import annotations

import pytest

from gr_toolkit.errors import UsageError
from gr_toolkit.settings import LLMSettings, load_settings


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def message(tmp_path, toml: str) -> str:
    """The message with which the settings are refused."""
    (tmp_path / "gr.toml").write_text(toml)
    with pytest.raises(UsageError) as error:
        load_settings()
    assert "\n" not in str(error.value)
    return str(error.value)


KEYS = [
    "sk-proj-planted",
    "sk_live_planted0",
    "hf_PlantedPlantedPl",
    "AIzaPlantedPlantedPlant",
    "gsk_plantedplantedpl",
    "xai-planted",
    "ghp_plantedplantedpl",
    "AKIAPLANTEDPLANT",
    "aB3dE6gH9jK2mN5pQ8sT",
    "a1b22c3d444e5f66a7b8c9d0",
    "planted key",
    "plantéd",
    "1_planted",
    "planted=x",
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("section", ["llm", "llm.judge"])
def test_a_key_in_place_of_the_name_of_its_variable_is_refused_and_not_shown(tmp_path, key, section):
    refusal = message(tmp_path, f"[{section}]\napi_key_env = '{key}'")
    assert refusal == (
        f"gr.toml: {section}.api_key_env: must be the name of an environment variable that holds the key, "
        "such as MY_KEY, not a key"
    )


@pytest.mark.parametrize("value", ["['planted-1']", "{ a = 'planted-1' }"])
def test_a_key_of_another_type_is_not_shown(tmp_path, value):
    assert "planted" not in message(tmp_path, f"[llm]\napi_key_env = {value}")


def test_a_key_in_the_environment_is_refused_and_not_shown(monkeypatch):
    monkeypatch.setenv("GR_LLM__API_KEY_ENV", "sk-planted")
    with pytest.raises(UsageError, match=r"environment: llm\.api_key_env: must be the name") as error:
        load_settings()
    assert "planted" not in str(error.value)


@pytest.mark.parametrize(
    "name", ["OPENAI_API_KEY", "my_key", "_K", "KEY2", "AZURE_OPENAI_API_KEY_2024_EAST_2", "hf_token"]
)
def test_names_of_variables_are_accepted(name):
    assert LLMSettings(api_key_env=name).api_key_env == name


@pytest.mark.parametrize(
    "url",
    [
        "https://ann:planted@e.org/v1",
        "https://planted@e.org",
        "https://ann:p/planted@e.org/v1",
        "a:planted@e",
    ],
)
def test_a_server_with_a_user_name_is_refused_and_not_shown(tmp_path, url):
    refusal = message(tmp_path, f"[llm.judge]\nbase_url = '{url}'")
    assert "llm.judge.base_url" in refusal
    assert "must not hold a user name or password: set api_key_env" in refusal
    assert "planted" not in refusal


def test_a_server_with_a_query_is_refused_and_its_key_not_shown(tmp_path):
    refusal = message(tmp_path, "[llm]\nbase_url = 'https://e.org/v1?api_key=planted'")
    assert "must not hold a query" in refusal
    assert "planted" not in refusal


@pytest.mark.parametrize(
    "url", ["localhost:8000", "e.org/v1", "ftp://e.org", "http://", "http://e.org:0", "http://e:x"]
)
@pytest.mark.parametrize("section", ["llm", "llm.judge"])
def test_a_server_that_is_no_url_is_refused_by_the_name_of_its_setting(tmp_path, url, section):
    assert message(tmp_path, f"[{section}]\nbase_url = '{url}'") == (
        f"gr.toml: {section}.base_url = '{url}': must be a URL such as http://localhost:8000/v1"
    )


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ("api_key = 'planted'", "api_key"),
        ("OpenAI-Api-Key = 'planted'", "OpenAI-Api-Key"),
        ("token = 'planted'", "token"),
        ("headers = { Authorization = 'Bearer planted' }", "Authorization"),
        ("data = [{ auth = { type = 'x', key = 'planted' } }]", "key"),
        ("user = 'sk-planted-12345678'", "user"),
        ("users = ['a', 'sk-planted-12345678']", "users"),
    ],
)
def test_a_key_in_extra_body_is_refused_and_not_shown(tmp_path, fields, name):
    assert message(tmp_path, f"[llm.judge]\nextra_body = {{ {fields} }}") == (
        f"gr.toml: llm.judge.extra_body: must not hold a key, as {name} does; "
        "set api_key_env for the server's key"
    )


def test_fields_whose_names_only_end_like_a_key_are_accepted():
    fields = {"prompt_cache_key": "a", "max_completion_tokens": 5, "stop_token_ids": [1], "bos_token": "<s>"}
    assert LLMSettings(extra_body={**fields, "chat_template_kwargs": fields}).extra_body["bos_token"] == "<s>"


@pytest.mark.parametrize(
    "toml",
    [
        "extra_body = { user = 'planted', stream = true }",
        "extra_body = 'planted'",
        "extra_body = ['planted']",
        "judge = 'planted'",
        "model = { user = 'planted' }",
        "model = [{ user = 'planted' }]",
    ],
)
def test_a_table_and_what_takes_its_place_are_not_shown(tmp_path, toml):
    assert "planted" not in message(tmp_path, f"[llm]\n{toml}")


def test_a_table_in_the_environment_that_is_no_json_is_not_shown(monkeypatch):
    monkeypatch.setenv("GR_LLM__EXTRA_BODY", '{"user": "planted"')
    with pytest.raises(UsageError, match=r"llm\.extra_body: ") as error:
        load_settings()
    assert "planted" not in str(error.value)


def test_other_refused_values_that_look_like_keys_are_not_shown(tmp_path):
    assert "planted" not in message(tmp_path, "[llm]\njudge = 'sk-planted-12345'")
    assert "planted" not in message(tmp_path, "[llm]\n'sk-planted-12345' = 1")


def test_a_variable_with_credentials_of_a_crawl_is_no_setting(monkeypatch):
    before = load_settings()
    monkeypatch.setenv("GR_AUTH_E_ORG", "ann:planted")
    monkeypatch.setenv("GR_AUTH_E__F_ORG_8080", "[")
    assert load_settings() == before


def key_env(role, **tables) -> str:
    return LLMSettings.model_validate(tables).for_role(role).api_key_env


def test_a_role_with_a_server_of_its_own_inherits_no_key():
    shared = {"base_url": "https://a.org", "api_key_env": "A_KEY"}
    own = {"base_url": "https://b.org"}
    assert key_env(None, **shared) == "A_KEY"
    assert key_env("judge", **shared, judge={"model": "m"}) == "A_KEY"
    assert key_env("judge", **shared, judge=own) == ""
    assert key_env("judge", **shared, judge=own | {"api_key_env": "B_KEY"}) == "B_KEY"
    assert key_env("judge", **shared, judge={"api_key_env": "B_KEY"}) == "B_KEY"
    assert key_env("verifier", **shared, judge=own) == "A_KEY"
