"""Settings: their sources and precedence, errors that name key, value and source, and roles of models."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gr_toolkit.errors import UsageError
from gr_toolkit.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty working folder, without GR_ variables."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("GR_")]:
        monkeypatch.delenv(name)


def write(toml: str) -> None:
    Path("gr.toml").write_text(toml, encoding="utf-8")


def refused(message: str, **flags: object) -> None:
    """Assert that loading fails with a UsageError of one line that contains `message`."""
    with pytest.raises(UsageError, match=re.escape(message)) as error:
        load_settings(**flags)
    assert error.value.exit_code == 2
    assert "\n" not in str(error.value)


def test_every_setting_has_a_default():
    settings = load_settings()
    assert (settings.data, settings.engine, settings.llm.model) == ("gr-data", "local", "local")
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert settings.workers == usable
    assert settings.state == Path("gr-data/.state")


def test_flags_override_the_environment_which_overrides_the_file(monkeypatch):
    write("[crawl]\nmax_pages = 1\ndelay = 1.5\nretries = 1")
    monkeypatch.setenv("GR_CRAWL__MAX_PAGES", "2")
    monkeypatch.setenv("GR_CRAWL__DELAY", "2.5")
    crawl = load_settings(crawl={"max_pages": 3}).crawl
    assert (crawl.max_pages, crawl.delay, crawl.retries, crawl.timeout) == (3, 2.5, 1, 30.0)


def test_flag_that_is_not_given_overrides_nothing(monkeypatch):
    monkeypatch.setenv("GR_DATA", "elsewhere")
    assert load_settings(data=None, crawl={"max_pages": None}).data == "elsewhere"


def test_flag_or_environment_names_another_file(tmp_path, monkeypatch):
    write('data = "default"')
    (tmp_path / "other.toml").write_text('data = "other"')
    assert load_settings().data == "default"
    assert load_settings(Path("other.toml")).data == "other"
    monkeypatch.setenv("GR_CONFIG", "other.toml")
    assert load_settings().data == "other"


def test_lists_and_booleans_are_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("GR_CRAWL__ALLOW", r'["^https://a\\.org/", "b"]')
    monkeypatch.setenv("GR_VERIFY__MODEL", "false")
    monkeypatch.setenv("GR_DEBUG", "1")
    settings = load_settings()
    assert settings.crawl.allow == [r"^https://a\.org/", "b"]
    assert settings.verify.model is False


UNKNOWN = {
    "[crawl]\nmax_page = 1": "gr.toml: unknown setting crawl.max_page; did you mean max_pages?",
    "[crawll]\nmax_pages = 1": "gr.toml: unknown setting crawll; did you mean crawl?",
    "dat = 'x'": "gr.toml: unknown setting dat; did you mean data?",
    "[llm.judge]\nmodle = 'x'": "gr.toml: unknown setting llm.judge.modle; did you mean model?",
    "[llm.juge]\nmodel = 'x'": "gr.toml: unknown setting llm.juge; did you mean judge?",
    "[verify]\nzzz = 1": "gr.toml: unknown setting verify.zzz; known settings: model",
}


@pytest.mark.parametrize("toml", UNKNOWN)
def test_unknown_key_is_named_with_the_nearest_known_key(toml):
    write(toml)
    refused(UNKNOWN[toml])


def test_unknown_setting_in_the_environment_is_an_error(monkeypatch):
    monkeypatch.setenv("GR_CRAWL__MAX_PAGE", "1")
    refused("the environment: unknown setting crawl.max_page; did you mean max_pages?")


def test_unknown_flag_is_an_error():
    refused("the command line: unknown setting crawl.pages; did you mean max_pages?", crawl={"pages": 1})


BAD = {
    "workers = 0": "gr.toml: workers = 0: input should be greater than or equal to 1",
    "engine = 'cloud'": "gr.toml: engine = 'cloud': input should be 'local' or 'ray'",
    "[crawl]\npart = '3 of 16'": (
        "gr.toml: crawl.part = '3 of 16': must be a part and the number of parts, such as 3/16"
    ),
    "[crawl]\nrefetch_after = '30'": (
        "gr.toml: crawl.refetch_after = '30': must be a number of up to 9 digits and s, m, h, d or w, "
        "such as 30d, or never"
    ),
    "crawl = 3": "gr.toml: crawl = 3: input should be a valid dictionary",
    "[train]\nbeta = 'much'": "gr.toml: train.beta = 'much': input should be a valid number",
    "[crawl]\nallow = ['a', 1]": "gr.toml: crawl.allow.1 = 1: input should be a valid string",
    "[crawl": "gr.toml is not valid TOML: ",
}


@pytest.mark.parametrize("toml", BAD)
def test_invalid_value_is_named_with_its_setting_and_source(toml):
    write(toml)
    refused(BAD[toml])


def test_invalid_value_in_the_environment_is_an_error(monkeypatch):
    monkeypatch.setenv("GR_WORKERS", "many")
    refused("the environment: workers = 'many': input should be a valid integer")


def test_invalid_list_in_the_environment_is_an_error(monkeypatch):
    monkeypatch.setenv("GR_CRAWL__ALLOW", "[a]")
    refused("GR_CRAWL__ALLOW is not a JSON list: [a]")


def test_unreadable_configuration_file_is_an_error(tmp_path):
    (tmp_path / "latin.toml").write_bytes(b'data = "caf\xe9"')
    refused("latin.toml is not valid TOML", config=Path("latin.toml"))
    refused(
        "no configuration file no.toml. Write a commented one with: gr init no.toml", config=Path("no.toml")
    )
    refused("cannot read the configuration file .: Is a directory", config=Path("."))


def test_role_falls_back_on_llm():
    write("[llm]\nmodel = 'big'\nretries = 9\n[llm.judge]\nmodel = 'small'\ntemperature = 0.5")
    llm = load_settings().llm
    judge, extractor = llm.for_role("judge"), llm.for_role("extractor")
    assert (judge.model, judge.retries, judge.temperature) == ("small", 9, 0.5)
    assert (extractor.model, extractor.retries, extractor.temperature) == ("big", 9, 0.0)
    assert llm.for_role(None) == llm


def test_state_folder_is_local_for_every_data_folder():
    assert load_settings(data="runs/one").state == Path("runs/one/.state")
    bucket = load_settings(data="s3://bucket/run1").state
    assert bucket.is_absolute()
    assert bucket.name == "s3_bucket_run1"
    assert bucket != load_settings(data="s3://bucket/run2").state


@pytest.mark.parametrize(
    ("given", "normalised"),
    [
        ("~/data", f"{Path.home()}/data"),
        ("data/", "data"),
        ("~nobody-of-this-name/data", "~nobody-of-this-name/data"),
        ("file:///d/run", "/d/run"),
        ("s3://bucket/run/", "s3://bucket/run"),
    ],
)
def test_data_folder_is_normalised(given, normalised):
    assert load_settings(data=given).data == normalised


def test_file_with_a_byte_order_mark_is_read():
    Path("gr.toml").write_bytes(b"\xef\xbb\xbfworkers = 3\n")
    assert load_settings().workers == 3


@pytest.mark.parametrize(
    "variable",
    [
        "GR_PREFIX",
        "GR_CONF_CONTROLPORT_ON",
        "GR_DONT_LOAD_PREFS",
        "GR_VERSION",
        "GR_DATASET",
        "GR_FRAMEWORK__X",
        "GR_",
    ],
)
def test_variable_of_another_program_is_ignored(monkeypatch, variable):
    monkeypatch.setenv(variable, "[another format")
    assert load_settings() == Settings()


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("GR_DATTA", "GR_DATA"),
        ("GR_CONFG", "GR_CONFIG"),
        ("GR_CRWAL__MAX_PAGES", "GR_CRAWL__MAX_PAGES"),
        ("GR_LLM_MAX_TOKENS", "GR_LLM__MAX_TOKENS"),
        ("GR_LM__JUDGE__MODEL", "GR_LLM__JUDGE__MODEL"),
    ],
)
def test_misspelt_variable_is_an_error(monkeypatch, variable, meant):
    monkeypatch.setenv(variable, "1")
    refused(f"unknown environment variable {variable}; did you mean {meant}?")


@pytest.mark.parametrize("empty", ["", "  "])
def test_empty_data_folder_is_an_error(monkeypatch, empty):
    refused(f"the command line: data = {empty!r}: must be a folder, or a URL such as s3://", data=empty)
    monkeypatch.setenv("GR_DATA", empty)
    refused(f"the environment: data = {empty!r}: must be a folder")


def test_empty_configuration_file_name_is_an_error(monkeypatch):
    monkeypatch.setenv("GR_CONFIG", "")
    refused("the environment: GR_CONFIG is empty")


def test_tables_in_the_former_default_folder_stop_every_command():
    write_shard("data/texts/1.parquet")
    refused("the default is now ./gr-data. Move them: mv data gr-data. Or use them in place: --data data,")
    assert load_settings(data="data").data == "data"
    Path("gr-data").mkdir()
    assert load_settings().data == "gr-data"


def test_command_for_the_former_default_folder_moves_only_our_files():
    for name in ("sample_site", "my notes", "pages", "runs", ".state"):
        write_shard(f"data/{name}/1.parquet")
    refused("mkdir gr-data && mv data/.state data/pages data/runs gr-data. Or")


def test_data_folder_of_another_project_is_ignored():
    write_shard("data/mine/1.parquet")
    write_shard("data/dataset/1.parquet", last_columns=("image", "label"))
    write_shard("data/pages/notes.txt")
    Path("data/dataset/2.parquet").write_text("not a Parquet file")
    assert load_settings().data == "gr-data"


def write_shard(path: str, last_columns: tuple[str, str] = ("kept", "reason")) -> None:
    Path(path).parent.mkdir(parents=True)
    pq.write_table(pa.table({name: ["x"] for name in ("id", *last_columns)}), path)


def test_role_overrides_only_its_given_settings():
    write("[llm]\nconcurrency = 4\nmax_tokens = 64\n[llm.judge]\nconcurrency = 16")
    llm = load_settings().llm
    judge = llm.for_role("judge")
    assert (judge.concurrency, judge.max_tokens) == (
        16,
        64,
    )  # a given value counts, also if it is the default
    assert llm.for_role("solver").concurrency == 4
    assert llm.for_role(None) is llm


def test_second_verifier_exists_if_any_of_its_settings_is_given():
    assert not load_settings().llm.has_second_verifier
    assert load_settings(llm={"second_verifier": {"temperature": 0.0}}).llm.has_second_verifier


def test_dumped_settings_have_only_the_given_values_of_a_role_and_are_read_back():
    settings = load_settings(llm={"model": "big", "judge": {"model": "small"}})
    written = settings.model_dump(mode="json")
    assert written["llm"]["judge"] == {"model": "small"}
    assert written["llm"]["solver"] == {}
    again = Settings.model_validate(written)
    assert again.llm.for_role("judge").model == "small"
    assert again.llm.for_role("solver").model == "big"
    assert not again.llm.has_second_verifier


@pytest.mark.parametrize(
    "value", ["concurrency = 0", "temperature = -1.0", "backend = 'other'", "cache = false"]
)
def test_role_has_the_limits_of_the_shared_settings(value):
    write(f"[llm.judge]\n{value}")
    with pytest.raises(UsageError, match=r"llm\.judge\."):
        load_settings()


def test_role_with_another_model_does_not_inherit_the_price():
    shared = {"model": "big", "input_usd_per_million": 1.0}
    llm = load_settings(llm=shared | {"judge": {"model": "small"}, "solver": {"retries": 1}}).llm
    assert llm.for_role("judge").input_usd_per_million is None
    assert llm.for_role("solver").input_usd_per_million == 1.0
