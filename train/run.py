"""The folder of a training run. A resumed run reads its state only from this folder.

config.json            the resolved configuration: settings, model, versions, questions
metrics.jsonl          one line per optimizer step
samples/               every completion of every step, with its verdict and reward
checkpoint-20/ ...     the state from which training resumes
final/                 the trained model and its tokenizer
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from gr_toolkit.errors import GrError, UsageError
from gr_toolkit.settings import Settings
from gr_toolkit.store.folder import Folder
from gr_toolkit.store.lock import hold

Tree = Mapping[str, object]
Metrics = dict[str, float | None]
STEPS = "trained.json"


class Run:
    """A run's files and its progress."""

    def __init__(self, settings: Settings, name: str) -> None:
        """Locate the run `name` in the data folder if that is local, else in the state folder."""
        if not re.fullmatch(r"\w[\w.-]*", name):
            raise UsageError(f"--run {name!r}: a run's name may contain letters, digits, '.', '_' and '-'")
        self.name = name
        self.state = settings.state
        home = settings.state if "://" in settings.data else Path(settings.data)
        self.folder = home / "runs" / name
        self.config = self.folder / "config.json"
        self.metrics = self.folder / "metrics.jsonl"
        self.samples = self.folder / "samples"
        self.final = self.folder / "final"

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the run's lock. Raises Locked."""
        with hold(self.state / "locks" / f"run-{self.name}.lock", f"run {self.name}"):
            yield

    def check(self, decisive: Tree, steps: int) -> None:
        """Raise UsageError if the run was started with other decisive values or has passed `steps`."""
        if self.trained_steps() < steps < self.reached():
            raise UsageError(
                f"run {self.name} is already at step {self.reached()}; pass --steps {self.reached()} or more"
            )
        if not self.config.exists():
            return
        before = flatten(self._read_config())
        now = flatten(decisive)
        odd = [key for key in before | now if before.get(key) != now.get(key)]
        if odd:
            changes = ", ".join(f"{key} {before.get(key)} -> {now.get(key)}" for key in odd)
            raise UsageError(
                f"run {self.name} in {self.folder} was started with other values: {changes}. "
                "Choose another name with --run, or restore the values"
            )

    def _read_config(self) -> Tree:
        """The decisive values in config.json. Raises GrError if the file is damaged."""
        try:
            decisive: Tree = json.loads(self.config.read_text(encoding="utf-8"))["decisive"]
        except (ValueError, KeyError, TypeError) as error:
            raise GrError(
                f"{self.config} is damaged. Restore it, delete the run's folder, or choose another --run"
            ) from error
        return decisive

    def start(self, decisive: Tree, rest: Tree) -> None:
        """Write config.json unless it exists. Raises CannotWrite."""
        if not self.config.exists():
            config = json.dumps({"decisive": decisive, **rest}, indent=2)
            Folder(str(self.folder)).write(self.config.name, config.encode())

    def trained_steps(self) -> int:
        """The number of steps that the final model was trained for; 0 without a final model."""
        record = self.final / STEPS
        return int(json.loads(record.read_text())["steps"]) if record.exists() else 0

    def checkpoint(self) -> Path | None:
        """The last complete checkpoint: it has a trainer_state.json, which the trainer writes last."""
        complete = (path.parent for path in self.folder.glob("checkpoint-*/trainer_state.json"))
        return max(complete, key=step_of, default=None)

    def reached(self) -> int:
        """The step of the last checkpoint; 0 without a checkpoint."""
        checkpoint = self.checkpoint()
        return step_of(checkpoint) if checkpoint else 0

    def read_metrics(self) -> list[Metrics]:
        """The lines of metrics.jsonl; see metrics.py."""
        return [json.loads(line) for line in self.metrics.read_text(encoding="utf-8").splitlines()]

    def publish(self, steps: int, save: Callable[[Path], None]) -> None:
        """Call `save` with a new folder, then rename the folder to `final`."""
        new, old = self.folder / ".tmp-final", self.folder / ".tmp-replaced"
        for left in (new, old):
            shutil.rmtree(left, ignore_errors=True)
        save(new)
        (new / STEPS).write_text(json.dumps({"steps": steps}))
        if self.final.exists():
            self.final.rename(old)
        new.rename(self.final)
        shutil.rmtree(old, ignore_errors=True)


def flatten(tree: Tree, above: str = "") -> dict[str, object]:
    """Join the keys of nested mappings with dots: {"train": {"seed": 0}} becomes {"train.seed": 0}."""
    flat: dict[str, object] = {}
    for key, value in tree.items():
        name = f"{above}{key}"
        flat |= flatten(cast(Tree, value), f"{name}.") if isinstance(value, dict) else {name: value}
    return flat


def step_of(checkpoint: Path) -> int:
    """The step in a checkpoint's folder name, such as 4 in checkpoint-4."""
    return int(checkpoint.name.rpartition("-")[2])
