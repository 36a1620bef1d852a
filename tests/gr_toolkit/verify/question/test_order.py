"""What a question says about the order of the items that it asks for."""

from __future__ import annotations

import time

import pytest

from gr_toolkit.verify.question.order import asked_names, order_of

BOUND = [
    # different names joined in what is asked for
    (2, "Calculate the mean and standard deviation of the sample."),
    (2, "What are the pH and pOH of the solution?"),
    (2, "Find the slope and intercept of the line $y = 3x - 2$."),
    (3, "What are the length, width, and height of the box?"),
    (2, "Find the sum and product of the roots of the polynomial."),
    (2, "How many goats and toys does she have?"),
    (2, "Identify the oxidizing agent and the reducing agent."),
    (2, "Determine the maximum height and range of the ball."),
    (2, "What is the domain and range of f?"),
    # symbols
    (2, "Solve for $p$ and $q$."),
    (2, "What values of x and y satisfy it?"),
    (2, "Determine the values of $m$ and $n$ so that $m + n = 3$."),
    (3, "Find $u$, $v$, and $w$."),
    (2, "Compute the currents I_1 and I_2."),
    (2, r"Find the unknown constants $\alpha$ and $\beta$."),
    (2, "Find the constants P and Q. What are the values?"),
    (2, "Evaluate $f(2)$ and $f(3)$."),
    (2, "Give the ages of the girl (now, then)."),
    # what is asked of each
    (2, "What are the masses of the proton and the electron?"),
    (2, "What is the name of the acid and of the base?"),
    (2, "Which metals are oxidized and reduced?"),
    (2, "Which side gains and which side loses?"),
    (2, "What is the mean, and what is the median?"),
    # words that ask for an order
    (2, "List the roots in increasing order."),
    (2, "List the roots, descending."),
    (2, "Arrange the solutions."),
    (2, "Rank the solutions."),
    (2, "Find all goats and toys, respectively."),
    (3, "Order the metals from the lightest to the heaviest."),
    (4, "Which order of the layers is right?"),
    (3, "Give the stages of the life of a moth."),
    (3, "What are the first three powers of 2?"),
    (2, "What are the next two terms?"),
    (2, "What are the coordinates of the vertex?"),
    (2, "Find the ordered pair that satisfies both."),
]
FREE = [
    # one name for all
    (2, "What are the roots?"),
    (2, "Compute both zeros."),
    (2, "Give the solutions."),
    (4, "Name the factors of 12."),
    (2, "What are the common divisors of 12 and 18?"),
    (2, "What are the eigenvalues?"),
    (2, "Where do the curves intersect?"),
    (2, "Give two examples."),
    (2, "Which primes are they?"),
    (2, "Which of these are prime?"),
    (2, "What set of numbers is it?"),
    # all of a kind
    (2, "Find all numbers."),
    (2, "What are all such numbers?"),
    (2, "Enter every integer."),
    (2, "State the possible lengths."),
    (2, "Find all real numbers, separated by commas."),
    (2, "Separate your answers by commas."),
    # values of one symbol
    (2, "What values of $x$ satisfy it?"),
    (2, "For what values of x is the function undefined?"),
    (2, "Find the values of x for which f and g are equal."),
    (2, "Find x if x^2 = 9."),
    (2, "Solve for t."),
    (2, "Solve it."),
    (2, "Solve $x^2 - 5x + 6 = 0$."),
    (2, "Find the roots $x_1$ and $x_2$ of the equation."),
    # words of order that do not belong to what is asked for
    (2, "The vector v has length 3. What are all possible values of its first component?"),
    (3, "The steps of a proof are given. Find all roots of the polynomial."),
    (2, "In order to proceed, find the roots of the polynomial."),
    (2, "In a second order reaction, A and B collide. Which products form?"),
    (2, "Name the two numbers and put them in any order."),
]
UNKNOWN = [
    (2, ""),
    (2, "What are they?"),
    (2, "Compute both numbers."),
    (2, "What are the two salaries?"),
    (3, "Name the bones of the middle ear."),
    (3, "Find the length and the width."),  # of three items
    (1, "Solve for p and q."),
    # reasons for both
    (2, "Give the solutions $p$ and $q$."),
    (2, "Find all integers a and b."),
    (2, "Find the two numbers x and y whose sum is 10."),
    (2, "What are the minimum and maximum values of f?"),  # the values tell which is which
    (2, "Ann and Tom are 3 and 5, respectively. Find the roots."),
    (2, "(a) Find the roots of f. (b) Find the roots of g."),
    # several unknowns without their names
    (2, "Solve the system 2x + y = 3, x - y = 0."),
    (2, "Solve 2x + y = 3 and x - y = 0."),
]


@pytest.mark.parametrize(("count", "question"), BOUND)
def test_question_binds_the_order(count, question):
    assert order_of(question, count) == "bound"


@pytest.mark.parametrize(("count", "question"), FREE)
def test_question_leaves_the_order_free(count, question):
    assert order_of(question, count) == "free"


@pytest.mark.parametrize(("count", "question"), UNKNOWN)
def test_question_does_not_tell_the_order(count, question):
    assert order_of(question, count) == "unknown"


NAMES = [
    ("Find the mean and the mode.", 2, ["the mean", "the mode"]),
    ("Find the values of $b$ and $a$.", 2, ["b", "a"]),
    ("Find the pair (q, p).", 2, ["q", "p"]),
    ("Find the mean and the mode.", 3, []),
    ("Find the pair (2, 3).", 2, []),
    ("Tom and Ann are here.", 2, []),
]


@pytest.mark.parametrize(("question", "count", "names"), NAMES)
def test_names_that_a_question_asks_for(question, count, names):
    assert asked_names(question, count) == names


@pytest.mark.parametrize(
    "part", ["find a and b, ", "(a) ", "what ", "of ", "from the least ", "a_", ", and ", "(", "$"]
)
def test_long_question_is_read_fast(part):
    started = time.perf_counter()
    order_of(part * (100_000 // len(part)), 2)
    assert time.perf_counter() - started < 1
