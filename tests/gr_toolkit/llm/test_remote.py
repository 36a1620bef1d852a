"""Which API key goes to which server."""

from __future__ import annotations

import pytest

from gr_toolkit.errors import RequestFailed, ServerUnusable, UsageError
from gr_toolkit.llm import connect
from gr_toolkit.llm.remote import remote_target
from gr_toolkit.llm.requests.faults import MAX_REASON
from gr_toolkit.runs.redaction import redact
from gr_toolkit.settings import LLMSettings
from loopback import asking, but_answers_control, fails, says, serving, user

OPENAI = "https://api.openai.com/v1"


@pytest.fixture(autouse=True)
def _keys(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "default")
    monkeypatch.setenv("A_KEY", "planted-of-a")


def key(**settings: object) -> str:
    return remote_target(LLMSettings.model_validate({"model": "m", **settings})).key


@pytest.mark.parametrize("url", ["", OPENAI, f"{OPENAI}/", "https://API.openai.com:443/v2"])
def test_the_default_key_goes_to_openai(url):
    assert key(base_url=url) == "default"


@pytest.mark.parametrize(
    "url",
    [
        "http://api.openai.com/v1",
        "https://api.openai.com.e.org/v1",
        "https://eu.api.openai.com/v1",
        "https://api.openai.com:8443/v1",
        "https://e.org/api.openai.com/v1",
        "http://localhost:8000/v1",
    ],
)
def test_the_default_key_goes_to_no_other_server(url):
    assert key(base_url=url) == ""
    assert key(base_url=url, api_key_env="A_KEY") == "planted-of-a"
    assert key(base_url=url, api_key_env="OPENAI_API_KEY") == "default"


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_default_key_goes_to_the_server_that_the_environment_names(monkeypatch, slash):
    monkeypatch.setenv("OPENAI_BASE_URL", f"https://proxy.org/v1{slash}")
    for url in ("", "https://proxy.org/v1", "https://proxy.org/v1/"):
        assert key(base_url=url) == "default"
    assert key(base_url="https://other.org/v1") == ""
    assert key(api_key_env="A_KEY") == "planted-of-a"


def test_the_header_of_a_request_holds_only_the_key_of_its_server(tmp_path):
    tables = {"api_key_env": "A_KEY", "judge": {"base_url": ""}, "model": "m"}
    with serving(says("fine")) as one, serving(says("fine")) as other:
        tables |= {"base_url": one.url, "judge": {"base_url": other.url}}
        settings = LLMSettings.model_validate(tables)
        for role in ("extractor", "judge"):
            with connect(settings, role, tmp_path) as llm:
                llm.run(llm.ask(user("hello")))
    assert one.keys == ["Bearer planted-of-a"]
    assert other.keys == ["Bearer none"]


def test_a_role_whose_server_requires_a_key_is_told_how_to_give_it_one(tmp_path):
    with serving(fails(401, "key missing")) as server:
        settings = LLMSettings(model="m", base_url=server.url)
        with (
            connect(settings, None, tmp_path) as llm,
            pytest.raises(ServerUnusable, match=r'set api_key_env = "MY_KEY" for it .*key missing'),
        ):
            llm.run(llm.ask(user("hello")))


def test_a_key_whose_variable_is_unset_is_reported():
    target = remote_target(LLMSettings(model="m", base_url="https://e.org/v1", api_key_env="UNSET_KEY"))
    with pytest.raises(ServerUnusable, match=r"no API key for https://e\.org/v1: .* variable UNSET_KEY"):
        target.start()


@pytest.mark.parametrize(
    "url", ["https://ann:planted@e.org/v1", "https://e.org/v1?key=planted", "ann:planted@e.org"]
)
def test_a_server_with_a_secret_in_the_environment_is_refused_and_not_shown(monkeypatch, url):
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    with pytest.raises(UsageError, match="OPENAI_BASE_URL must not hold") as error:
        key()
    assert "planted" not in str(error.value)


def test_a_server_that_repeats_secrets_does_not_put_them_into_reasons(tmp_path, monkeypatch):
    monkeypatch.setenv("OTHER_TOKEN", "planted-token")
    echo = "planted-of-a planted-token https://ann:planted@e.org Authorization: Bearer planted-1"
    with serving(but_answers_control(fails(400, echo))) as server:
        settings = LLMSettings(model="m", base_url=server.url, api_key_env="A_KEY")
        with connect(settings, None, tmp_path) as llm, pytest.raises(Exception, match="HTTP 400") as error:
            llm.run(llm.ask(user("hello")))
    assert set(server.keys) == {"Bearer planted-of-a"}
    assert "planted" not in str(error.value)


def test_a_key_is_masked_whatever_its_variable_is_called_also_where_a_message_is_cut(tmp_path, monkeypatch):
    monkeypatch.setenv("LLM_CREDENTIAL", "planted-credential")
    echo = "x" * (MAX_REASON - len("HTTP 400: ") - 3) + " planted-credential"
    for padding in range(len("planted-credential") + 4):
        with serving(but_answers_control(fails(400, echo[padding:]))) as server:
            settings = LLMSettings(model="m", base_url=server.url, api_key_env="LLM_CREDENTIAL")
            with connect(settings, None, tmp_path) as llm, pytest.raises(RequestFailed) as error:
                llm.run(llm.ask(user("hello")))
        assert "planted"[:2] not in str(error.value)
    assert redact("got planted-credential") == "got ***"


def test_headers_for_openai_go_to_no_other_server(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-planted")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-planted")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer planted\nX-Secret: planted")
    with serving(says("fine")) as server, asking(server, tmp_path) as llm:
        llm.run(llm.ask(user("hello")))
    assert "planted" not in str(server.headers)
    assert server.keys == ["Bearer none"]
