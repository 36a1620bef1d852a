"""Boxes with what is attached to them, and which statement of a response is its last word."""

from __future__ import annotations

import pytest

from gr_toolkit.verify import answer_of, extract_answer

ATTACHED = {
    r"y = -\boxed{17}": "-17",
    r"It is $-\boxed{17}$": "-17",
    r"- \boxed{17}": "17",  # a bullet
    r"the answer - \boxed{17}": "17",
    r"The price is \$\boxed{8}.": r"\$8",
    r"The price is €\boxed{8}.": "€8",
    r"\boxed{35}\% of them": r"35\%",
    r"\boxed{35} percent": "35 percent",
    r"the area is \boxed{6}\pi": r"6\pi",
    r"$2\boxed{\pi}$": r"2\pi",
    r"\boxed{3}\sqrt{2}": r"3\sqrt{2}",
    r"$\boxed{6.1} \times 10^{-3}$": r"6.1 \times 10^{-3}",
    r"n = \boxed{2}^7": "2^7",
    r"n = \boxed{a+b}^7": "(a+b)^7",
    r"$\boxed{60}^\circ$": r"60^\circ",
    r"\boxed{4} million people": "4 million",
    r"\boxed{25} cm.": "25 cm",
    r"$\boxed{25}$ cm": "25 cm",
    r"$\boxed{25}\text{ cm}^2$": r"25 \text{ cm}^2",
    r"\(\boxed{25}\) meters of wire": "25 meters",
    r"\boxed{90} km per hour.": "90 km per hour",
    r"\boxed{5} in the box": "5",
    r"\boxed{5} of them": "5",
    r"\frac{\boxed{5}}{\boxed{8}}": r"\frac{5}{8}",
    r"\frac{\boxed{5}}{8}": r"\frac{5}{8}",
    r"\boxed{5}/\boxed{8}": "5/8",
    r"\sqrt{\boxed{5}}": r"\sqrt{5}",
    r"(\boxed{5}, \boxed{8})": "(5, 8)",
    r"\boxed{3} + 4 = 7": "3",  # fills a gap
    r"x = \boxed{3}": "3",
    r"\boxed{3}!": "3",
    r"\boxed{B} Paris": "B",
}


@pytest.mark.parametrize("completion", ATTACHED)
def test_box_has_what_is_attached_to_it(completion):
    assert extract_answer(completion).answer == ATTACHED[completion]


LAST_WORD = {
    # a later statement after further work or a retraction
    r"\boxed{8}. Wait, that is wrong. The answer is 9.": "9",
    r"\boxed{8}. That is wrong, it should be 9.": "9",
    r"\boxed{8}. We check the sign again. Hence the final answer is 9.": "9",
    "The answer is 8. Wait, no, it should be 9.": "9",
    "The answer is 8. Actually, 9.": "9",
    "The answer is (B). Correction: (C).": "(C)",
    r"\boxed{8}. The answer is 9.": "8",  # nothing between them
    # a retraction alone
    r"\boxed{8}. That is wrong.": None,
    r"\boxed{8}. Hmm, wait.": None,
    r"\boxed{8}. I made a mistake.": None,
    "The answer is 8. That can't be right.": None,
    # a check is no retraction
    r"\boxed{8}. Let me check: 3 + 5 = 8.": "8",
    r"\boxed{8}. Wait, let me check: 3 + 5 = 8. Yes, it is correct.": "8",
    "The answer is (B). Option A says 3. That is wrong.": "(B)",
    # a sentence about the answer
    "The answer is 8. So the answer is correct.": "8",
    "The answer is 8. The answer is reasonable, because it is positive.": "8",
    "The answer is 8. The answer is given in euros.": "8",
    "The answer is 8. The answer is not 9.": "8",
    "The answer is 8. The answer is unique.": "8",
    "The answer is as follows: x is 3. The answer is 8.": "8",
    "The answer is correct.": "correct",
    "The answer is given by 5x + 1.": "given by 5x + 1",
    "The answer is red.": "red",
    # another problem
    "The answer is 8.\n\nQuestion: What is 2 + 7?\nAnswer: 9": "8",
    "The answer is 8.\n\nProblem 2: What is 2 + 7?\nThe answer is 9.": "8",
    "The answer is 8.\n\nUser: And 2 + 7?\nAssistant: The answer is 9.": "8",
    "The answer is 8.\n### Instruction:\nAdd.\nThe answer is 9.": "8",
    "\\boxed{8}\n\n**Exercise 3.** Add 2 and 7. \\boxed{9}": "8",
    # code and remarks on the format
    "The answer is 8.\n```latex\n\\boxed{9}\n```": "8",
    "```\n\\boxed{8}\n```": "8",  # no other statement
    "The answer is 8. (Format: \\boxed{answer})": "8",
    "Put your answer in \\boxed{...}. The answer is 8.": "8",
    # "... is the answer"
    "So 8 is the answer.": "8",
    "**8.5** is the final answer.": "8.5",
    "This is the answer.": None,
}


@pytest.mark.parametrize("completion", LAST_WORD)
def test_last_statement_counts(completion):
    found = extract_answer(completion)
    assert (found.answer if found else None) == LAST_WORD[completion]


def test_retracted_answer_is_not_the_whole_text():
    assert answer_of(r"\boxed{8}. That is wrong.") is None
    assert answer_of("That is wrong.") == "That is wrong."


PIECES = [
    r"\frac{\boxed{1}}{", r"\boxed{1}/", r"-\boxed{1} ", r"\boxed{1} cm ", "The answer is not 4. ",
    "Wait, it should be 4. ", "\nQuestion: 4 ", "``` ", "Format: \\boxed{x} ", "4 is the answer. ",
    "That is wrong. ", "<thinking>", "◁/think▷", "<|channel|>final", "\\sqrt{\\boxed{",
]  # fmt: skip


@pytest.mark.timeout(120)  # linear time is some seconds, quadratic time about half an hour
@pytest.mark.parametrize("piece", PIECES)
def test_long_text_is_not_read_in_quadratic_time(piece):
    found = extract_answer("The answer is 4. " + piece * (200_000 // len(piece)))
    assert found is None or found.answer.strip()


def test_wrong_answer_that_the_student_names_is_no_statement():
    assert extract_answer("The wrong answer is 8.") is None
    assert extract_answer("The incorrect answer is 8. The answer is 9.").answer == "9"
