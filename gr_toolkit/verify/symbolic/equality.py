r"""Decide with sympy whether two mathematical texts are equal.

A worker process compares the texts, and is killed at a deadline. The result is "equal" or undecided, never
"different". compare.py is the worker's program.
"""

from __future__ import annotations

from gr_toolkit.verify.symbolic.compare import EQUAL
from gr_toolkit.verify.symbolic.latex import Unreadable, as_latex, refuse_unevaluated
from gr_toolkit.verify.symbolic.workers import NoReply, Pool
from gr_toolkit.verify.verdict import Verdict

DEADLINE = 5.0  # seconds per comparison

POOL = Pool("-m", "gr_toolkit.verify.symbolic.compare")


def equal_symbolically(reference: str, answer: str, seconds: float = DEADLINE) -> Verdict:
    """Return a yes, or an undecided verdict with the reason; never a no.

    Thread-safe. `seconds` limits the comparison, not the wait for a worker to start or become free.
    """
    try:
        exact, _, _ = reference.partition(r"\approx")  # the reference may append a rounded value
        gold, given = as_latex(exact), as_latex(answer)
        refuse_unevaluated(gold, given)
        reply = POOL.ask([gold, given], seconds)
    except (Unreadable, NoReply) as failure:
        return Verdict(None, "math-verify", None, str(failure))
    if reply != EQUAL:
        return Verdict(None, "math-verify", None, reply)
    return Verdict(True, "math-verify", None, f"{given} equals {gold}")
