from __future__ import annotations

import json
from hashlib import sha256

import pytest

from gr_toolkit.similarity import Match, NearDuplicates, sign
from gr_toolkit.store.tables import VERSIONS

TRAIN = "A train travels 120 miles in 2 hours at a constant speed. How far does it travel in 5 hours?"
THRESHOLD = 0.7


def repeats(first: str, second: str, threshold: float = THRESHOLD) -> Match | None:
    """Return the match for `second` if only `first` was added before."""
    seen = NearDuplicates(threshold)
    known, new = sign([first, second])
    seen.add("first", known)
    return seen.find(new)


REWORDED = [
    TRAIN.upper(),
    TRAIN.replace(" ", "  \n"),
    f"Problem 3: {TRAIN}",
    f"12) {TRAIN}",
    f"{TRAIN} Thanks!",
    TRAIN.replace("How far does it", "How far will it"),
    TRAIN.replace("far", "ｆａｒ"),
    TRAIN.replace("2 hours", "two hours"),
    TRAIN.replace("120", "120.0"),
]


@pytest.mark.parametrize("text", REWORDED)
def test_a_rewording_is_found(text):
    match = repeats(TRAIN, text)
    assert match is not None
    assert match.id == "first"
    assert THRESHOLD <= match.similarity <= 1.0


DIFFERENT = [
    (TRAIN, TRAIN.replace("5", "6")),
    (TRAIN, TRAIN.replace("120", "1,200")),
    (TRAIN, TRAIN.replace("2 hours", "three hours")),
    (TRAIN, TRAIN.replace("120", "120.5")),
    ("Solve the equation x+2 = 10 for the unknown x.", "Solve the equation x-2 = 10 for the unknown x."),
    ("Solve the inequality x < 10 for the unknown x.", "Solve the inequality x > 10 for the unknown x."),
    ("Find the value of the product 3 * 4 by hand.", "Find the value of the product 3 + 4 by hand."),
    ("Find the value of the sum 3 + 4 by hand.", "Find the value of the sum 4 + 3 by hand."),
    (TRAIN, "What is the capital of Australia?"),
]


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_different_number_or_operator_is_a_different_question(first, second):
    assert repeats(first, second, threshold=0.1) is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("from (1, 2) to (4, 6)", "from (2, 1) to (4, 6)"),
        ("one pen and two pencils", "two pen and one pencils"),
        ("6 × 3", "6 ÷ 3"),
        (r"$6 \times 3$", r"$6 \div 3$"),
        (r"$6 \pm 3$", r"$6 \cdot 3$"),
        ("f(−5)", "f(5)"),
        ("6 − 3", "6 · 3"),
        ("f at -5", "f at 5"),
        ("5!", "5"),
        ("20% of it", "20 of it"),
        (r"$x \le 10$", r"$x \ge 10$"),
        (r"$\sqrt{16}$", r"${16}$"),
    ],
)
def test_different_number_or_operator_is_a_different_question_in_any_notation(first, second):
    text = "Work this out by hand, without the help of a calculator, and write down every step on the way: "
    assert repeats(text + first, text + second, threshold=0.1) is None


def test_same_text_is_exact_and_a_rewording_is_not():
    assert repeats(TRAIN, TRAIN.upper()) == Match("first", 1.0, True)
    assert repeats(TRAIN, f"{TRAIN} Thanks!").exact is False


def test_estimated_similarity_of_one_is_not_exact():
    again = "Say it again. " * 40
    assert repeats(again, again * 2) == Match("first", 1.0, False)


def test_exact_match_wins_among_equally_similar_texts():
    again = "Say it again. " * 40
    same, longer, new = sign([again, again * 2, again])
    seen = NearDuplicates(THRESHOLD)
    seen.add("a", same)
    seen.add("b", longer)
    assert seen.find(new) == Match("a", 1.0, True)


def test_similarity_must_reach_the_threshold():
    similarity = repeats(TRAIN, f"{TRAIN} Thanks!").similarity
    assert repeats(TRAIN, f"{TRAIN} Thanks!", threshold=similarity) is not None
    assert repeats(TRAIN, f"{TRAIN} Thanks!", threshold=similarity + 0.001) is None


def test_most_similar_text_is_returned():
    near, nearest, other, new = sign([f"{TRAIN} Please help me!", f"{TRAIN} Hi!", "What is a prime?", TRAIN])
    seen = NearDuplicates(THRESHOLD)
    for name, signature in (("near", near), ("nearest", nearest), ("other", other)):
        seen.add(name, signature)
    assert seen.find(new).id == "nearest"


def test_signature_does_not_depend_on_machine_or_other_texts():
    alone, together = sign([TRAIN])[0], sign(["x", TRAIN, ""])[1]
    assert alone == together
    assert alone.guard == "120 2 5"
    assert len(alone.minhash) == 128
    assert alone.minhash[:3] == [28987780, 106854969, 44236493]


def test_empty_and_short_texts_are_accepted():
    assert repeats("", "") is not None
    assert repeats("a", "b") is None


@pytest.mark.slow
def test_planted_duplicates_among_real_questions(shared):
    """Measured on these 3,000 rows: case 22/23, boilerplate 22/28, hard numbers merged 0 of 588."""
    from pyarrow import parquet

    rows = parquet.read_table(shared / "dedup" / "workload_20k.parquet").slice(0, 3_000).to_pylist()
    clusters = {row["id"]: row["cluster"] for row in rows}
    seen, first_of_cluster = NearDuplicates(THRESHOLD), set()
    repeated = {"dup_case": [], "dup_boiler": []}
    wrongly_merged = hard = 0
    for row, signature in zip(rows, sign(row["text"] for row in rows), strict=True):
        match = seen.find(signature)
        if match is None:
            seen.add(row["id"], signature)
        if row["cluster"] in first_of_cluster and row["kind"] in repeated:
            repeated[row["kind"]].append(match is not None)
        if row["kind"] in ("hard_num1", "hard_numall"):
            hard += 1
            wrongly_merged += match is not None and clusters[match.id] != row["cluster"]
        first_of_cluster.add(row["cluster"])
    assert hard > 500
    assert wrongly_merged <= 0.005 * hard
    assert sum(repeated["dup_case"]) >= 0.9 * len(repeated["dup_case"]) > 15
    assert sum(repeated["dup_boiler"]) >= 0.7 * len(repeated["dup_boiler"]) > 15


SIGNED = [
    "Problem 3: A train travels 120 miles in two hours at a constant speed.  How far does it travel in 5?",
    "Find \\(x\\) if $3 \\times x \\le 12.50$ and x \u2260 \u22121,000.",
    "Quelle est la d\u00e9riv\u00e9e de \uff58\u00b2 ?",
    "\u5149\u5408\u4f5c\u7528\u5438\u6536\u4ec0\u4e48\u6c14\u4f53?",
    "pH",
    "",
]
# The first digits of the hash of these texts' signatures, by version of the algorithm.
SIGNATURE_HASHES = {1: "d61d69549a9e"}


def test_changed_signature_has_another_version_of_the_algorithm():
    """Otherwise `gr curate dedup` would compare stored signatures with signatures of another kind."""
    found = sha256(json.dumps(sign(SIGNED)).encode()).hexdigest()[:12]
    version = VERSIONS["signatures"].algorithm
    assert SIGNATURE_HASHES.get(version) == found, (
        f"raise the algorithm's version of signatures in store/tables.py and add {version + 1}: {found!r}"
    )
