"""Benchmark `gr verify` against other graders, on the same rows, in one run.

python -m bench.verify                 the core set, in ../shared/data/verdicts
python -m bench.verify PAIRS.jsonl     your own labelled rows
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.verdicts import tables
from bench.verdicts.graders import OURS, QWEN, TITLES, Judgement
from bench.verdicts.grading import LIMIT, ROOT, Graded, GraderFailed, GraderProcess, Setup, one_core, running
from bench.verdicts.hacking import Tally, always_yes, judge, with_model
from bench.verdicts.result import Measured, Result, figures
from bench.verdicts.rows import CORE, LETTERS, BadRow, Probe, read_probes, read_rows
from gr_toolkit.verify import Verifier

DATA = ROOT.parent / "shared" / "data" / "verdicts"
TABLE_1 = "paper-table1"  # the category of the probes from the paper's Table 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, grade and print. Return 0 on success, 1 if `gr verify` failed, 2 if the rows cannot be read."""
    options = _options(arguments)
    try:
        measured = _read(options.files, options.data)
        if not measured.rows:
            raise ValueError("no rows to grade")
        setups = _setups(options)
        results = measure(setups, measured, options.repeats, options.adversarial)
    except (BadRow, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except GraderFailed as error:
        print(f"error: {error}; its output is above", file=sys.stderr)
        return 1
    print("\n\n".join(_report(measured, results, options.errors, options.undecided)))
    if options.hacking:
        print("\n" + tables.hacking(_hacking(options.model)))
    if options.json:
        options.json.write_text(json.dumps(figures(measured, results), indent=1) + "\n", encoding="utf-8")
    return 0


def measure(setups: Sequence[Setup], measured: Measured, repeats: int, adversarial: bool) -> list[Result]:
    """Run every grader over the same rows, in turns, each time in a new process, so that nothing is cached.

    Return results in the order of the graders; calls per second are for `measured.rows` only. A peer that
    does not start is skipped with a message. Raises GraderFailed if `gr verify` does not start.
    """
    results: dict[str, Result] = {}
    failed: set[str] = set()
    for turn in range(repeats):
        for setup in setups:
            if setup.name in failed:
                continue
            _say(f"{TITLES[setup.name]}: {len(measured.rows)} rows, {turn + 1} of {repeats}")
            try:
                with running(setup) as process:
                    graded = process.grade([row.pair for row in measured.rows], one_by_one=False)
                    if turn == 0:
                        everything = adversarial or setup.name == OURS
                        rest = _letters_and_probes(process, measured, everything)
                        results[setup.name] = Result(setup.name, graded.judgements, [], *rest)
                    results[setup.name].rates.append(len(measured.rows) / sum(graded.seconds))
            except GraderFailed as error:
                if setup.name == OURS:
                    raise
                _say(f"{error} and is skipped; its output is above")
                failed.add(setup.name)
    return list(results.values())


def _letters_and_probes(
    process: GraderProcess, measured: Measured, everything: bool
) -> tuple[list[Judgement], list[Probe], Graded]:
    """Grade the letters and the probes: all of them, or only those of the paper's Table 1."""
    if measured.letters:
        _say(f"    {len(measured.letters)} more rows with letters")
    letters = process.grade([row.pair for row in measured.letters], one_by_one=False)
    probes = [probe for probe in measured.probes if everything or probe.category == TABLE_1]
    if everything and probes:
        _say(f"    {len(probes)} adversarial probes")
    return letters.judgements, probes, process.grade([probe.pair for probe in probes], one_by_one=True)


def _report(measured: Measured, results: list[Result], errors: bool, undecided: bool) -> list[str]:
    core = one_core()
    held = "without a limit on cores" if core is None else "each limited to one core with its child processes"
    parts = [
        f"{len(measured.rows)} rows. calls/s: the median of {len(results[0].rates)} runs over all rows,"
        f" each in a new process after a warm-up, the graders in turns, {held}.",
        tables.overall(measured, results),
        tables.by_half(measured, results[0]),
        tables.groups(measured, results),
        *(tables.by_type(measured, result) for result in results),
    ]
    if measured.probes:
        parts += [tables.table_1(results, TABLE_1), tables.adversarial(results, LIMIT)]
    if errors:
        parts.append(tables.listing(measured, results, "Rows where gr verify differs from the label", False))
    if undecided:
        parts.append(tables.listing(measured, results, "Rows that gr verify does not decide", True))
    return parts


def _hacking(model: str | None) -> dict[str, dict[str, Tally]]:
    """Judge the hacking answers by the rules, by a model that always says yes, and by `model` if given."""
    with TemporaryDirectory() as folder:
        counts = {"rules alone": judge(Verifier())}
        for decoys, name in ((False, "without decoys"), (True, "with decoys")):
            _say(f"hacking answers, a model that always says yes, {name}")
            with always_yes(Path(folder), decoys=decoys) as verifier:
                counts[f"always yes, {name}"] = judge(verifier)
            if model:
                _say(f"hacking answers, {model}, {name}")
                with with_model(model, Path(folder), decoys=decoys) as verifier:
                    counts[f"{model}, {name}"] = judge(verifier)
    return counts


def _read(files: list[Path], data: Path) -> Measured:
    probes_file = data / "adversarial.jsonl"
    probes = read_probes(probes_file) if probes_file.is_file() else []
    if not probes:
        _say(f"{probes_file} not found: the probes are skipped")
    if files:
        return Measured(read_rows(files), [], probes)
    if not data.is_dir():
        raise FileNotFoundError(
            f"no folder {data}: give files of labelled pairs, or set the folder with --data"
        )
    core, letters = ([data / f"{name}.jsonl" for name in names] for names in (CORE, LETTERS))
    return Measured(read_rows(core), read_rows(letters, bare=False), probes)


def _setups(options: argparse.Namespace) -> list[Setup]:
    known = [name for name in TITLES if name != OURS]
    names = known if options.peers is None else [name for name in options.peers.split(",") if name]
    if unknown := set(names) - set(known):
        raise ValueError(f"no peer named {', '.join(sorted(unknown))}; the peers are {', '.join(known)}")
    setups = [Setup(OURS)]
    for name in names:
        if name != QWEN:
            setups.append(Setup(name))
        elif options.qwen:
            setups.append(Setup(QWEN, options.qwen_python, str(options.qwen.resolve())))
        else:
            _say("Qwen2.5-Math grader: skipped; set its file with --qwen (it executes code in answers)")
    return setups


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("files", nargs="*", type=Path, help="JSONL: question, ground_truth, student_answer, label")
    add("--data", type=Path, default=DATA, help="folder of the core set and adversarial.jsonl")
    add("--peers", help="comma-separated peers ('' for none; default: all)")
    add("--repeats", type=int, default=3, help="runs per grader; calls/s is their median")
    add("--adversarial", action="store_true", help="give the peers the adversarial probes too (minutes)")
    add("--hacking", action="store_true", help="also judge hacking answers with a model that always agrees")
    add("--model", metavar="NAME", help="with --hacking: also with this model, such as local (SmolLM2)")
    add("--errors", action="store_true", help="list the rows where gr verify differs from the label")
    add("--undecided", action="store_true", help="list the rows that gr verify does not decide")
    add("--json", type=Path, metavar="FILE", help="write the figures to this file")
    add("--qwen", type=Path, metavar="FILE", help="Qwen2.5-Math's evaluation/grader.py; it EXECUTES answers")
    add("--qwen-python", default=sys.executable, metavar="FILE", help="a Python with its dependencies")
    options = parser.parse_args(arguments)
    if options.repeats < 1:
        parser.error("--repeats must be at least 1")
    return options


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
