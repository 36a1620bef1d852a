r"""Whether two mathematical texts are one and the same, by sympy, in a worker that is killed at a deadline.

Only a yes is given. compare.py is what the worker does.
"""

from __future__ import annotations

from gr_toolkit.verify.symbolic.compare import EQUAL
from gr_toolkit.verify.symbolic.latex import Unreadable, as_latex, refuse_work_left
from gr_toolkit.verify.symbolic.workers import NoReply, Pool
from gr_toolkit.verify.verdict import Verdict

DEADLINE = 5.0  # seconds

POOL = Pool("-m", "gr_toolkit.verify.symbolic.compare")


def equal_symbolically(reference: str, answer: str, seconds: float = DEADLINE) -> Verdict:
    """Yes, or an undecided verdict with the reason; never no.

    From any thread; `seconds` are those of the comparison, once a worker is free and warm.
    """
    try:
        exact, _, _ = reference.partition(r"\approx")  # a rounded value may follow it
        gold, given = as_latex(exact), as_latex(answer)
        refuse_work_left(gold, given)
        reply = POOL.ask([gold, given], seconds)
    except (Unreadable, NoReply) as failure:
        return Verdict(None, "math-verify", None, str(failure))
    if reply != EQUAL:
        return Verdict(None, "math-verify", None, reply)
    return Verdict(True, "math-verify", 1.0, f"{given} equals {gold}")
