"""The process of one grader: `python -m bench.verdicts.grader_process NAME CORE QWEN_FILE`.

It reads a JSON list of pairs per line and replies to each with {"seconds", "judgements"}. The main thread
grades, because math-verify's timeouts work only there.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from time import perf_counter
from typing import TextIO

from bench.verdicts.graders import LOADERS, QWEN, Grade, Judgement, Pair, load_qwen

# No measured set contains these pairs. They make a grader build its parsers and start its workers before the
# timing starts. Only symbolic algebra can decide the last ones.
WARM_UP = [
    Pair("", reference, answer, bare=True)
    for reference, answer in [
        ("7.25", "29/4"),
        ("12 km", "12000 m"),
        ("(3, 8]", "3 < x \\le 8"),
        ("{4, 9, 1}", "1, 4, 9"),
        ("y = 3x - 8", "3x - y = 8"),
        ("the Baltic Sea", "Baltic sea"),
        ("\\begin{pmatrix} 6 & 1 \\\\ 2 & 5 \\end{pmatrix}", "[[6, 1], [2, 5]]"),
        *((f"(x + {n})(x - 1)", f"x^2 + {n - 1}x - {n}") for n in range(11, 15)),
        *((f"\\cos^2({n}t)", f"1 - \\sin^2({n}t)") for n in range(11, 15)),
    ]
]


def main(name: str, core: str, qwen_file: str) -> None:
    """Load the grader, warm it up, print an empty line when ready, and grade until standard input ends."""
    if core:
        os.sched_setaffinity(0, {int(core)})
    replies = _own_standard_output()
    grade = load_qwen(Path(qwen_file)) if name == QWEN else LOADERS[name]()
    _silence()
    grade(WARM_UP)
    print(file=replies, flush=True)
    for line in sys.stdin:
        started = perf_counter()
        judgements = _grade(grade, [Pair(*fields) for fields in json.loads(line)])
        reply = {"seconds": perf_counter() - started, "judgements": judgements}
        print(json.dumps(reply), file=replies, flush=True)


def _grade(grade: Grade, pairs: list[Pair]) -> list[Judgement]:
    try:
        return grade(pairs)
    except BaseException as error:  # any exception of a grader is a result
        return [Judgement("crashed", f"{type(error).__name__}: {error}") for _ in pairs]


def _own_standard_output() -> TextIO:
    """Reserve standard output for the replies; output of graders and their children is discarded."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return replies


def _silence() -> None:
    """Hide the log messages and warnings of graders; called after loading, so that load errors show."""
    logging.disable()
    os.dup2(1, 2)


if __name__ == "__main__":
    main(*sys.argv[1:])
