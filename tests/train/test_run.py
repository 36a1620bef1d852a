"""A run's folder: its name, configuration, checkpoints and final model."""

from __future__ import annotations

import json

import pytest

from gr_toolkit.errors import GrError, Locked, UsageError
from train.run import STEPS, Run, flatten

DECISIVE = {"model": "m", "train": {"seed": 0, "learning_rate": 0.01}}


@pytest.fixture
def run(make_settings):
    return Run(make_settings(), "one")


def checkpoint(run: Run, step: int, complete: bool = True) -> None:
    folder = run.folder / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").touch()
    if complete:
        (folder / "trainer_state.json").touch()


def publish(run: Run, steps: int, content: str) -> None:
    def save(folder):
        folder.mkdir()
        (folder / "weights").write_text(content)

    run.publish(steps, save)


def test_run_is_in_a_local_data_folder_else_in_the_state_folder(make_settings, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    assert Run(make_settings(), "one").folder == tmp_path / "data" / "runs" / "one"
    bucket = make_settings().model_copy(update={"data": "s3://bucket/x"})
    assert Run(bucket, "one").folder.is_relative_to(tmp_path / "home")


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a b"])
def test_run_name_outside_the_runs_folder_is_a_usage_error(make_settings, name):
    with pytest.raises(UsageError, match="--run"):
        Run(make_settings(), name)


def test_check_names_the_changed_values(run):
    run.check(DECISIVE, 4)
    run.start(DECISIVE, {"versions": {}})
    run.check(DECISIVE, 4)
    with pytest.raises(UsageError, match=r"train\.seed 0 -> 1.*--run") as caught:
        run.check({"model": "m", "train": {"seed": 1, "learning_rate": 0.01}}, 4)
    assert "learning_rate" not in str(caught.value)


def test_incomplete_checkpoint_is_ignored(run):
    assert (run.checkpoint(), run.reached()) == (None, 0)
    checkpoint(run, 9)
    checkpoint(run, 10)
    checkpoint(run, 11, complete=False)
    assert run.reached() == 10


def test_fewer_steps_than_the_last_checkpoint_are_a_usage_error(run):
    checkpoint(run, 10)
    run.check(DECISIVE, 10)
    with pytest.raises(UsageError, match="--steps 10"):
        run.check(DECISIVE, 5)
    publish(run, 6, "weights")
    run.check(DECISIVE, 5)


def test_publish_replaces_the_whole_model(run):
    run.folder.mkdir(parents=True)
    assert run.trained_steps() == 0
    publish(run, 4, "first")
    (run.folder / ".tmp-final").mkdir()
    publish(run, 8, "second")
    assert run.trained_steps() == 8
    assert (run.final / "weights").read_text() == "second"
    assert json.loads((run.final / STEPS).read_text()) == {"steps": 8}
    assert [path.name for path in run.folder.iterdir()] == ["final"]


def test_flatten_joins_nested_keys_with_dots():
    assert flatten({"a": {"b": {"c": 1}}, "d": [2]}) == {"a.b.c": 1, "d": [2]}


def test_run_has_one_writer(run, make_settings):
    with run.writing():
        with (
            pytest.raises(Locked, match="run one is being written by"),
            Run(make_settings(), "one").writing(),
        ):
            pass
        with Run(make_settings(), "other").writing():
            pass


def test_config_is_written_once(run):
    run.start(DECISIVE, {"versions": {"torch": "1"}})
    run.start({"model": "other"}, {"versions": {"torch": "2"}})
    assert json.loads(run.config.read_text()) == {"decisive": DECISIVE, "versions": {"torch": "1"}}


@pytest.mark.parametrize(
    ("now", "change"),
    [({**DECISIVE, "verifier": "rules"}, "verifier None -> rules"), ({"model": "m"}, "train.seed 0 -> None")],
)
def test_added_and_removed_values_are_changes(run, now, change):
    run.start(DECISIVE, {})
    with pytest.raises(UsageError, match=change):
        run.check(now, 4)


def test_last_checkpoint_is_the_one_of_the_greatest_step(run):
    for step in (20, 100, 3):
        checkpoint(run, step)
    assert (run.checkpoint().name, run.reached()) == ("checkpoint-100", 100)


def test_trained_steps_decide_whether_more_steps_are_needed(run):
    checkpoint(run, 10)
    publish(run, 5, "weights")
    run.check(DECISIVE, 5)  # the run of 5 steps has its model
    with pytest.raises(UsageError, match="run one is already at step 10; pass --steps 10 or more"):
        run.check(DECISIVE, 6)


def test_failed_save_keeps_the_published_model(run):
    def fail(folder):
        folder.mkdir()
        raise OSError("no space")

    run.folder.mkdir(parents=True)
    publish(run, 4, "first")
    with pytest.raises(OSError, match="no space"):
        run.publish(8, fail)
    assert run.trained_steps() == 4
    publish(run, 8, "second")
    assert (run.final / "weights").read_text() == "second"


def test_metrics_are_read_line_by_line(run):
    run.folder.mkdir(parents=True)
    run.metrics.write_text('{"step": 1, "reward": null}\n{"step": 2, "reward": 0.5}\n')
    assert run.read_metrics() == [{"step": 1, "reward": None}, {"step": 2, "reward": 0.5}]


@pytest.mark.parametrize("content", ["{bad", "{}", "[]", '"text"'])
def test_damaged_configuration_is_an_error_that_names_the_file(run, content):
    run.folder.mkdir(parents=True)
    run.config.write_text(content)
    with pytest.raises(GrError, match=r"config\.json is damaged\. Restore it"):
        run.check(DECISIVE, 4)
