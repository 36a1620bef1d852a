"""The graders to compare, `gr verify` first; each turns pairs into judgements.

Each grader is loaded in a separate process (grader_process.py), which also does the heavy imports.
"""

from __future__ import annotations

import re
import string
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

# "crashed": the grader raised an exception, or its process died. "hung": its process was killed at the limit.
Outcome = Literal["yes", "no", "abstains", "crashed", "hung"]


class Pair(NamedTuple):
    """The input of a grader. `bare`: the answer is only the answer, not a text that contains it."""

    question: str
    reference: str
    answer: str
    bare: bool


class Judgement(NamedTuple):
    """A grader's outcome, and its reason if it gives one."""

    outcome: Outcome
    why: str = ""


Grade = Callable[[Sequence[Pair]], list[Judgement]]
Decide = Callable[[Pair], bool]

ARTICLE = re.compile(r"\b(?:a|an|the)\b")
NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def load_ours() -> Grade:
    """Load `gr verify` without a model: rules and math-verify's workers, one batch at a time."""
    import asyncio

    from gr_toolkit.verify import Item, Verifier

    runner, verifier = asyncio.Runner(), Verifier(None)

    def grade(pairs: Sequence[Pair]) -> list[Judgement]:
        items = [Item(pair.question, pair.reference, pair.answer) for pair in pairs]
        words: dict[bool | None, Outcome] = {True: "yes", False: "no", None: "abstains"}
        verdicts = runner.run(verifier.verify_many(items))
        return [Judgement(words[each.correct], f"{each.decided_by}: {each.reason}") for each in verdicts]

    return grade


def load_exact() -> Grade:
    """Load exact match: equal texts, apart from surrounding space."""
    return _one_by_one(lambda pair: pair.answer.strip() == pair.reference.strip())


def load_normalised() -> Grade:
    """Load SQuAD's match: equal texts, apart from case, punctuation, articles and spacing."""
    return _one_by_one(lambda pair: _plain(pair.answer) == _plain(pair.reference))


def load_math_verify_as_the_paper() -> Grade:
    """Load math-verify as General-Reasoner's validation uses it: math_metric over a boxed reference.

    The paper's code uses verl's reward for math-verify (verl/utils/reward_score/math_verify.py). It extracts
    only LaTeX from the reference, and plain expressions and LaTeX from the answer. Any failure scores 0.
    """
    from math_verify.errors import TimeoutException
    from math_verify.metric import math_metric
    from math_verify.parser import ExprExtractionConfig, LatexExtractionConfig

    metric = math_metric(
        gold_extraction_target=(LatexExtractionConfig(),),
        pred_extraction_target=(ExprExtractionConfig(), LatexExtractionConfig()),
    )

    def decide(pair: Pair) -> bool:
        try:
            score, _ = metric([_box(pair.reference)], [_answer_for_math_verify(pair)])
        except (Exception, TimeoutException):
            return False
        return bool(score > 0)

    return _one_by_one(decide)


def load_math_verify() -> Grade:
    """Load math-verify's parse and verify with their defaults, over a boxed reference."""
    from math_verify import parse, verify

    return _one_by_one(
        lambda pair: bool(verify(parse(_box(pair.reference)), parse(_answer_for_math_verify(pair))))
    )


def load_qwen(grader_file: Path) -> Grade:
    """Load `math_equal` of Qwen2.5-Math's evaluation/grader.py, with its defaults.

    It EXECUTES Python that it finds in an answer (through sympy's parse_expr). Give it only answers that you
    would run as a script, and run it where it can do no harm. Raises ImportError if the file is not Python.
    """
    from importlib.util import module_from_spec, spec_from_file_location

    sys.path.insert(0, str(grader_file.parent))  # latex2sympy2 may be next to it
    spec = spec_from_file_location("qwen_grader", grader_file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{grader_file} is not a Python file")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    equal: Callable[[str, str], bool] = module.math_equal
    return _one_by_one(lambda pair: bool(equal(pair.answer, pair.reference)))


def _one_by_one(decide: Decide) -> Grade:
    """Return a grader that judges pair by pair; a failure on one pair does not affect the others."""

    def judge(pair: Pair) -> Judgement:
        try:
            return Judgement("yes" if decide(pair) else "no")
        except BaseException as error:  # math-verify's timeout is not an Exception
            return Judgement("crashed", f"{type(error).__name__}: {error}")

    return lambda pairs: [judge(pair) for pair in pairs]


def _plain(text: str) -> str:
    return " ".join(ARTICLE.sub(" ", text.casefold().translate(NO_PUNCTUATION)).split())


def _box(text: str) -> str:
    return f"\\boxed{{{text}}}"


def _answer_for_math_verify(pair: Pair) -> str:
    """The answer as math-verify expects it: it extracts answers from text, so a bare one goes into a box."""
    return _box(pair.answer) if pair.bare else pair.answer


OURS, YARDSTICK, QWEN = "ours", "math-verify-paper", "qwen"
LOADERS: dict[str, Callable[[], Grade]] = {
    OURS: load_ours,
    "exact": load_exact,
    "normalised": load_normalised,
    YARDSTICK: load_math_verify_as_the_paper,
    "math-verify": load_math_verify,
}
TITLES = {
    OURS: "gr verify --rules-only",
    "exact": "exact match",
    "normalised": "normalised match",
    YARDSTICK: "math-verify as the paper uses it",
    "math-verify": "math-verify, default parse and verify",
    QWEN: "Qwen2.5-Math grader",
}
