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
    """An empty working folder, and no GR_ variable."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("GR_")]:
        monkeypatch.delenv(name)


def write(toml: str) -> None:
    Path("gr.toml").write_text(toml, encoding="utf-8")


def refused(message: str, **flags: object) -> None:
    """Loading fails as a mistake in usage, in one line that says `message`."""
    with pytest.raises(UsageError, match=re.escape(message)) as error:
        load_settings(**flags)
    assert error.value.exit_code == 2
    assert "\n" not in str(error.value)


def test_everything_has_a_default():
    settings = load_settings()
    assert (settings.data, settings.engine, settings.llm.model) == ("gr-data", "local", "local")
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert settings.workers == usable
    assert settings.state == Path("gr-data/.state")


def test_flags_go_before_the_environment_and_that_before_the_file(monkeypatch):
    write("[crawl]\nmax_pages = 1\ndelay = 1.5\nretries = 1")
    monkeypatch.setenv("GR_CRAWL__MAX_PAGES", "2")
    monkeypatch.setenv("GR_CRAWL__DELAY", "2.5")
    crawl = load_settings(crawl={"max_pages": 3}).crawl
    assert (crawl.max_pages, crawl.delay, crawl.retries, crawl.timeout) == (3, 2.5, 1, 30.0)


def test_a_flag_that_was_not_given_overrides_nothing(monkeypatch):
    monkeypatch.setenv("GR_DATA", "elsewhere")
    assert load_settings(data=None, crawl={"max_pages": None}).data == "elsewhere"


def test_another_file_by_flag_or_environment(tmp_path, monkeypatch):
    write('data = "default"')
    (tmp_path / "other.toml").write_text('data = "other"')
    assert load_settings().data == "default"
    assert load_settings(Path("other.toml")).data == "other"
    monkeypatch.setenv("GR_CONFIG", "other.toml")
    assert load_settings().data == "other"


def test_a_list_and_a_truth_value_in_the_environment(monkeypatch):
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
    "[verify]\nzzz = 1": "gr.toml: unknown setting verify.zzz; known are: model",
}


@pytest.mark.parametrize("toml", UNKNOWN)
def test_an_unknown_key_is_named_with_the_nearest_known(toml):
    write(toml)
    refused(UNKNOWN[toml])


def test_an_unknown_variable_of_the_environment(monkeypatch):
    monkeypatch.setenv("GR_CRAWL__MAX_PAGE", "1")
    refused("the environment: unknown setting crawl.max_page; did you mean max_pages?")


def test_an_unknown_flag():
    refused("the command line: unknown setting crawl.pages; did you mean max_pages?", crawl={"pages": 1})


BAD = {
    "workers = 0": "gr.toml: workers = 0: input should be greater than or equal to 1",
    "engine = 'cloud'": "gr.toml: engine = 'cloud': input should be 'local' or 'ray'",
    "[crawl]\npart = '3 of 16'": (
        "gr.toml: crawl.part = '3 of 16': must be a number and how many there are, such as 3/16"
    ),
    "[crawl]\nrefetch_after = '30'": (
        "gr.toml: crawl.refetch_after = '30': must be a number with s, m, h, d or w, such as 30d, or never"
    ),
    "crawl = 3": "gr.toml: crawl = 3: input should be a valid dictionary",
    "[train]\nbeta = 'much'": "gr.toml: train.beta = 'much': input should be a valid number",
    "[crawl]\nallow = ['a', 1]": "gr.toml: crawl.allow.1 = 1: input should be a valid string",
    "[crawl": "gr.toml is not valid TOML: ",
}


@pytest.mark.parametrize("toml", BAD)
def test_a_bad_value_is_named_with_its_place(toml):
    write(toml)
    refused(BAD[toml])


def test_a_bad_value_in_the_environment(monkeypatch):
    monkeypatch.setenv("GR_WORKERS", "many")
    refused("the environment: workers = 'many': input should be a valid integer")


def test_a_bad_list_in_the_environment(monkeypatch):
    monkeypatch.setenv("GR_CRAWL__ALLOW", "[a]")
    refused("GR_CRAWL__ALLOW is not a JSON list: [a]")


def test_a_file_in_another_encoding_a_missing_one_and_a_folder(tmp_path):
    (tmp_path / "latin.toml").write_bytes(b'data = "caf\xe9"')
    refused("latin.toml is not valid TOML", config=Path("latin.toml"))
    refused(
        "no configuration file no.toml. Write a commented one with: gr init no.toml", config=Path("no.toml")
    )
    refused("cannot read the configuration file .: Is a directory", config=Path("."))


def test_a_role_falls_back_on_llm():
    write("[llm]\nmodel = 'big'\nretries = 9\n[llm.judge]\nmodel = 'small'\ntemperature = 0.5")
    llm = load_settings().llm
    judge, solver = llm.for_role("judge"), llm.for_role("solver")
    assert (judge.model, judge.retries, judge.temperature) == ("small", 9, 0.5)
    assert (solver.model, solver.retries, solver.temperature) == ("big", 9, 0.0)
    assert llm.for_role(None) == llm


def test_the_state_folder_is_local_whatever_the_data_folder():
    assert load_settings(data="runs/one").state == Path("runs/one/.state")
    bucket = load_settings(data="s3://bucket/run1").state
    assert bucket.is_absolute()
    assert bucket.name == "s3_bucket_run1"
    assert bucket != load_settings(data="s3://bucket/run2").state


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("~/data", f"{Path.home()}/data"),
        ("data/", "data"),
        ("~nobody-of-this-name/data", "~nobody-of-this-name/data"),
        ("file:///d/run", "/d/run"),
        ("s3://bucket/run/", "s3://bucket/run"),
        ("memory://", "memory://"),
    ],
)
def test_one_data_folder_has_one_spelling(written, meant):
    assert load_settings(data=written).data == meant


def test_a_file_with_a_byte_order_mark():
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
def test_a_variable_of_another_program_is_ignored(monkeypatch, variable):
    monkeypatch.setenv(variable, "[what others write")
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
def test_a_variable_that_is_almost_ours_is_an_error(monkeypatch, variable, meant):
    monkeypatch.setenv(variable, "1")
    refused(f"the environment: unknown variable {variable}; did you mean {meant}?")


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_data_folder_is_an_error(monkeypatch, empty):
    refused(f"the command line: data = {empty!r}: must name a folder, or a URL such as s3://", data=empty)
    monkeypatch.setenv("GR_DATA", empty)
    refused(f"the environment: data = {empty!r}: must name a folder")


def test_an_empty_configuration_file_name_is_an_error(monkeypatch):
    monkeypatch.setenv("GR_CONFIG", "")
    refused("the environment: GR_CONFIG is empty")


def test_tables_in_the_former_default_folder_stop_every_command():
    write_shard("data/texts/1.parquet")
    refused("it is ./gr-data now. Move them: mv data gr-data. Or use them where they are: --data data,")
    assert load_settings(data="data").data == "data"
    Path("gr-data").mkdir()
    assert load_settings().data == "gr-data"


def test_only_our_own_files_are_moved_out_of_the_former_default_folder():
    for name in ("sample_site", "my notes", "pages", "runs", ".state"):
        write_shard(f"data/{name}/1.parquet")
    refused("mkdir gr-data && mv data/.state data/pages data/runs gr-data. Or")


def test_a_folder_data_of_another_project_is_ignored():
    write_shard("data/mine/1.parquet")
    write_shard("data/dataset/1.parquet", last_columns=("image", "label"))
    write_shard("data/pages/notes.txt")
    Path("data/dataset/2.parquet").write_text("not a Parquet file")
    assert load_settings().data == "gr-data"


def write_shard(path: str, last_columns: tuple[str, str] = ("kept", "reason")) -> None:
    Path(path).parent.mkdir(parents=True)
    pq.write_table(pa.table({name: ["x"] for name in ("id", *last_columns)}), path)
