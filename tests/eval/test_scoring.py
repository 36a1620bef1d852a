"""The 95 % interval against published values, and scores computed from marks."""

from dataclasses import replace

import pytest

from eval.scoring import Mark, describe_score, score, wilson_interval

CORRECT = Mark("q", "?", "1", 0, "\\boxed{1}", "1", True, "number", "", "stop", 10)
WRONG = replace(CORRECT, correct=False)
NO_ANSWER = replace(CORRECT, answer=None, correct=False, decided_by="no answer", finish_reason="length")
UNDECIDED = replace(CORRECT, correct=None, decided_by="rules")
FAILED = Mark("q", "?", "1", 0, reason="HTTP 500")


def marks(*given: Mark) -> list[Mark]:
    """The marks, each for a different question."""
    return [replace(mark, id=str(number)) for number, mark in enumerate(given)]


# The first four are examples of Newcombe, Statistics in Medicine 17 (1998), Table I, method 3.
@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0000),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson_interval(successes, trials, low, high):
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("mark", "outcome"),
    [
        (CORRECT, "correct"),
        (WRONG, "wrong"),
        (NO_ANSWER, "no answer"),
        (UNDECIDED, "undecided"),
        (FAILED, "failed"),
        (replace(UNDECIDED, decided_by="error"), "failed"),
    ],
)
def test_outcome_of_a_mark(mark, outcome):
    assert mark.outcome == outcome


@pytest.mark.parametrize(
    ("given", "accuracy"),
    [
        (marks(CORRECT), 1.0),
        (marks(CORRECT, WRONG), 0.5),
        (marks(CORRECT, NO_ANSWER), 0.5),
        (marks(CORRECT, UNDECIDED, FAILED), 1.0),
        (marks(CORRECT, WRONG, WRONG, NO_ANSWER, UNDECIDED, FAILED), 0.25),
        (marks(UNDECIDED, FAILED), None),
        ([], None),
    ],
)
def test_accuracy_counts_only_decided_completions(given, accuracy):
    result = score(given)
    assert result.accuracy == accuracy
    assert result.completions == result.n == len(given)


def test_score_counts_outcomes_and_truncated_completions():
    result = score(marks(CORRECT, NO_ANSWER, NO_ANSWER, FAILED))
    assert (result.correct, result.wrong, result.no_answer, result.failed) == (1, 0, 2, 1)
    assert result.truncated == 2
    assert result.mean_output_tokens == 10


def test_samples_of_one_question_do_not_narrow_the_interval():
    once = marks(CORRECT, WRONG)
    sampled = [replace(mark, sample=sample) for mark in once for sample in range(32)]
    assert score(sampled).n == 2
    assert (score(sampled).low, score(sampled).high) == (score(once).low, score(once).high)


def test_description_shows_undecided_failed_and_truncated_completions():
    assert describe_score(score(marks(CORRECT, *[WRONG] * 3))) == "accuracy 25.0 % [4.6, 69.9] (4 questions)"
    described = describe_score(score(marks(CORRECT, UNDECIDED, NO_ANSWER, FAILED)))
    assert "accuracy 50.0 %" in described
    assert "1 undecided, 25.0 % of all, not counted" in described
    assert "1 failed, 25.0 % of all, not counted" in described
    assert "1 truncated" in described
    assert describe_score(score(marks(FAILED))).startswith("accuracy unknown")


@pytest.mark.parametrize("open_marks", [[UNDECIDED], [FAILED], [UNDECIDED, FAILED, FAILED]])
def test_question_without_a_decided_completion_does_not_narrow_the_interval(open_marks):
    decided, both = score(marks(CORRECT, WRONG)), score(marks(CORRECT, WRONG, *open_marks))
    assert (both.low, both.high, both.accuracy) == (decided.low, decided.high, decided.accuracy)
    assert both.n == 2 + len(open_marks)


@pytest.mark.parametrize(
    ("given", "mean"),
    [
        (marks(CORRECT, replace(WRONG, output_tokens=20)), 15.0),
        (marks(CORRECT, FAILED), 10.0),
        (marks(replace(CORRECT, output_tokens=0), CORRECT), 5.0),
        (marks(FAILED), None),
    ],
)
def test_mean_output_tokens_are_of_the_completions_received(given, mean):
    assert score(given).mean_output_tokens == mean


@pytest.mark.parametrize(
    ("given", "described"),
    [
        (marks(CORRECT), "accuracy 100.0 % [20.7, 100.0] (1 questions)"),
        (
            marks(CORRECT, UNDECIDED, FAILED, FAILED),
            "accuracy 100.0 % [20.7, 100.0] (4 questions; 1 undecided, 25.0 % of all, not counted; "
            "2 failed, 50.0 % of all, not counted)",
        ),
        (marks(NO_ANSWER, NO_ANSWER), "accuracy 0.0 % [0.0, 65.8] (2 questions; 2 truncated)"),
        (
            marks(FAILED),
            "accuracy unknown: no completion could be decided "
            "(1 questions; 1 failed, 100.0 % of all, not counted)",
        ),
    ],
)
def test_description_is_one_line(given, described):
    assert describe_score(score(given)) == described
