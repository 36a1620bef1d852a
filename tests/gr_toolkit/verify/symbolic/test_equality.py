"""Equal mathematics is found equal; answers that fool math-verify, hang sympy or run code are not."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import pytest

from gr_toolkit.verify.symbolic import equality as symbolic
from gr_toolkit.verify.symbolic.equality import equal_symbolically
from gr_toolkit.verify.symbolic.workers import MAX_MEMORY, Pool

SLOW = ("x+1", "e^{e^{e^{e^{e}}}}")  # reference and answer; the digits of its value do not fit into memory


@pytest.fixture(scope="module", autouse=True)
def _one_worker() -> Iterator[None]:
    """Tests share one warm worker."""
    shared, symbolic.POOL = symbolic.POOL, Pool("-m", "gr_toolkit.verify.symbolic.compare", size=1)
    yield
    symbolic.POOL.close()
    symbolic.POOL = shared


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        (r"\frac{x}{2}+\frac12", r"(x+1)/2"),
        (r"2\sqrt{2}", r"\sqrt{8}"),
        (r"$2 \arcsin \sqrt{a}$", r"\arccos\left(1 - 2a\right)"),
        (r"\frac{\log 2}{\log 2-\log 3}", r"-\frac{\ln 2}{\ln 3-\ln 2}"),
        ("x^2-1", "(x-1)(x+1)"),
        ("sin(x)^2", r"1-\cos^2 x"),
        ("|x-100|", "|100-x|"),
        (r"\sqrt{x^2-200x+10000}", "|x-100|"),
        (r"\sqrt{xy}", r"\sqrt{x}\sqrt{y}"),
        (r"\frac{1+\sqrt{97}}{8} \approx 1.36", r"\dfrac{1+\sqrt{97}}{8}"),
        ("(1+i)^2", "2i"),
        ("x=2", "2"),
        ("f(x)=2x", "2x"),
        ("2x", "y = 2x"),
        ("(p,q)=(3,2)", "(3, 2)"),
        ("y=2x+1", "2x - y + 1 = 0"),
        ("x > 2", "2 < x"),
        ("20<P<30", "(20, 30)"),
        (r"(-\infty,-5)", "k < -5"),
        (r"(0,1)\cup(1,\infty)", r"(1,+\infty) \cup (0,1)"),
        (r"\{1\pm\sqrt{5},-2\}", r"\{-2, 1+\sqrt{5}, 1-\sqrt{5}\}"),
        (r"(1,2),(3,4)", r"(3,4),(1,2)"),
        (r"\begin{pmatrix} 1/5 \\ -18/5 \end{pmatrix}", r"\begin{pmatrix} 0.2 \\ -3.6 \end{pmatrix}"),
        (r"\frac{x}{2004!}", r"x/2004!"),
        (r"2^{10}x", "1024x"),
        (r"\sum_{n=0}^{\infty}\frac{x^n}{n!}", "e^x"),
        (r"\sum_{n=1}^{\infty}\frac{(-1)^n x^{2n}}{n}", r"\sum_{k=1}^{\infty}\frac{(-1)^k x^{2k}}{k}"),
        (r"\int_0^x e^{-t^2} dt", r"\int_0^x e^{-s^2} ds"),
        (r"\lim_{x \to 0}\frac{\sin(x)}{x}", "1"),
    ],
)
def test_equal(reference: str, answer: str):
    verdict = equal_symbolically(reference, answer)
    assert verdict.correct, verdict.reason
    assert verdict[1:3] == ("math-verify", None)


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        # different
        ("x^2-1", "(x-1)(x+2)"),
        ("|x|", "x"),
        (r"\sqrt{x^2}", "x"),
        # different only far away
        ("|x-100|", "100-x"),
        ("|x+100|", "x+100"),
        (r"|\frac{x}{10}-100|", r"100-\frac{x}{10}"),
        ("|x-y-100|", "100+y-x"),
        (r"\sqrt{(x-100)^2}", "100-x"),
        (r"\sqrt{x^2-200x+10000}", "100-x"),
        ("V", "v"),
        ("x=2", "y=2"),
        ("x > 2", "x < 2"),
        ("x > 2", r"x \ge 2"),
        ("y > x", "-y > -x"),
        ("(1,2)", "[1,2]"),
        ("(1,2)", "(2,1)"),
        ("(1,2)", "1,2"),
        ("1,2", r"(1,2)"),
        ("16,3,1,1", "16,3,1"),
        ("2,-1", "-1,2"),
        (r"\{1,2\}", r"\{1,2,3\}"),
        ("a=2, b=3", "a=3, b=2"),
        ("2^{100}", "1267650600228229401496703205377"),
        ("1234567890123456", "1234567890123457"),
        ("123456789012.3456", "123456789012.3457"),
        ("x_i", "xI"),
        ("i^2", "-i"),
        # tiny values that math-verify rounds to equality
        (r"x\cdot 10^{-34}", r"2x\cdot 10^{-34}"),
        (r"6.62\times 10^{-34}", r"1.6\times 10^{-19}"),
        (r"\frac{1}{2004!}", r"\frac{1}{2006!}"),
        (r"\frac{\pi}{2^{99}}", r"\frac{\pi}{2^{98}}"),
        # work left to the checker
        ("42", "6*7"),
        ("3", r"\sqrt{9}"),
        ("x=2", "x = 4-2"),
        ("x=2", "2x=4"),
        ("x>2", "2x>4"),
        (r"\{-2,2\}", "x^2=4"),
        (r"\frac{1}{2}", r"\frac{2}{4}"),
        ("120", "5!"),
        ("10", r"\binom{5}{2}"),
        ("x", r"\int_0^x 1 dt"),
        ("5050x", r"\sum_{k=1}^{100} kx"),
        ("-2x", r"x\det\begin{pmatrix}1&2\\3&4\end{pmatrix}"),
        # carries no information
        ("x+y=3", "x+y=x+y"),
        ("x+y=3", "0=0"),
        ("x=x", "y=y"),
        ("0", r"\frac{0}{0}"),
        (r"\infty", r"\frac{1}{0}"),
        # misread by the parser
        ("5x", "2(3)x"),
        ("5x", "2 3x"),
        ("3ex", "1e3x"),
        ("2", "2^T"),
        ("101", "101_2"),
        ("-R", "I^2R"),
        (r"\sin(xy)", r"\sin x \cdot y"),
        ("1/(2x)", "1/2x"),
        ("y", "y'"),
        ("8", "2^3^1"),
        ("0.6", "1.2.5"),
        ("1,2", r"1,2,\ldots"),
        ("30", r"30^\circ"),
        ("50", r"50\%"),
        ("4.9 N*m", "4.9 mN"),
        ("2:5", "12:30"),
        ("x", "x and so on"),
        ("e^x", r"\sum_{n=0}^{\infty}\frac{x^n}{n!}"),
        ("1/3", r"\int_0^1 x^2 dx"),
        (r"\sum_{k=1}^{n} k", r"\frac{n(n-1)}{2}"),
        (r"\sum_{n=1}^{\infty}\frac{x^n}{n}", r"\sum_{k=1}^{\infty}\frac{x^k}{k+1}"),
    ],
)
def test_never_a_wrong_yes(reference: str, answer: str):
    assert equal_symbolically(reference, answer).correct is None


def test_comparison_ends_at_its_deadline_and_the_next_one_gets_a_worker():
    verdict = equal_symbolically(*SLOW, seconds=1.0)
    assert verdict == (None, "math-verify", None, "no result within 1 s")
    assert equal_symbolically("x+1", "1+x").correct


@pytest.mark.parametrize(
    "text", ["", " ", "\0", "\\", "$", "{" * 900, "-" * 900, "(" * 12 + "x", "x" * 10**6, "\ud800"]
)
def test_any_text_gives_a_verdict(text: str):
    assert equal_symbolically("x+1", text).correct is None
    assert equal_symbolically(text, "x+1").correct is None


PAIRS = [("x^2-1", "(x-1)(x+1)"), ("x^2-1", "(x-1)(x+2)"), ("42", "6*7")]


def verdicts() -> list[bool | None]:
    return [equal_symbolically(*pair).correct for pair in PAIRS]


def test_verdicts_are_the_same_from_every_thread_and_process():
    expected = [True, None, None]
    assert verdicts() == expected

    found: list[list[bool | None]] = []
    thread = threading.Thread(target=lambda: found.append(verdicts()))
    thread.start()
    thread.join()
    assert found == [expected]
    assert asyncio.run(asyncio.to_thread(verdicts)) == expected
    for method in ("fork", "spawn"):
        # The pool's processes are daemonic and may not start multiprocessing children.
        with get_context(method).Pool(1) as processes:
            given = processes.starmap(equal_symbolically, PAIRS)
        assert [verdict.correct for verdict in given] == expected
    assert verdicts() == expected


def answer_in_box(text: str) -> str:
    """The content of a text's only box; the whole text if it has none."""
    _, box, rest = text.partition(r"\boxed{")
    return rest.rpartition("}")[0] if box else text


def test_no_adversarial_answer_passes_hangs_or_is_executed(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(symbolic, "POOL", Pool("-m", "gr_toolkit.verify.symbolic.compare", size=1))
    probes = [json.loads(line) for line in (shared / "verdicts/adversarial.jsonl").open()]
    for probe in probes:
        for answer in (answer_in_box(probe["answer"]), probe["answer"]):
            verdict = equal_symbolically(probe["gold"], answer)
            assert verdict.correct is None or probe["expected"], probe["name"]
    assert os.listdir(tmp_path) == []

    (worker,) = symbolic.POOL.workers
    status = Path(f"/proc/{worker.process.pid}/status")
    if status.exists():
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmPeak"))
        assert int(peak.split()[1]) * 1024 < MAX_MEMORY / 2
    symbolic.POOL.close()


@pytest.mark.slow
def test_labelled_answers(shared: Path):
    """Of answers that rules alone misjudge, most correct ones and no wrong ones are found equal."""
    lines = (shared / "verdicts/hardverify-math.jsonl").open()
    rows = [row for line in lines if not (row := json.loads(line)).get("suspect")]
    yes = {True: 0, False: 0}
    for row in rows:
        if row["answer_type"] in ("expression", "equation", "interval_ineq", "matrix"):
            verdict = equal_symbolically(row["ground_truth"], row["student_answer"])
            yes[row["label"]] += verdict.correct is True
    assert yes[False] == 0
    assert yes[True] >= 30
