"""Which questions and answers the readers of markup accept, and how they are merged (qa_markup.py)."""

from __future__ import annotations

import json

import pytest

from crawl.text.qa_markup import MAX_ITEMS, read_qa_markup
from crawl.text.tree import parse

QUESTION = 'itemscope itemtype="https://schema.org/Question"'
ANSWER = 'itemscope itemtype="https://schema.org/Answer"'


def read(html):
    return read_qa_markup(parse(f"<html><body>{html}<p>page</p></body></html>"))


def texts(html):
    """Each question with the texts of its answers."""
    return [(item["question"], [answer["text"] for answer in item["answers"]]) for item in read(html)]


def json_ld(*values):
    return "".join(f'<script type="application/ld+json">{json.dumps(value)}</script>' for value in values)


def asked(name="Why?", accepted=None, **values):
    answer = {"acceptedAnswer": {"text": accepted}} if accepted else {}
    return {"@type": "Question", "name": name, **answer, **values}


def microdata(text="2", attributes="", inside=""):
    return (
        f'<div {QUESTION}><b itemprop="name">1 + 1?</b>{inside}'
        f'<div itemprop="suggestedAnswer" {ANSWER} {attributes}>{text}</div></div>'
    )


def test_the_most_reliable_markup_that_has_an_answer_is_used():
    stack = (
        '<div id="question"><p class="s-prose">Q</p></div><div class="answer"><p class="s-prose">A</p></div>'
    )
    assert texts(json_ld(asked(accepted="in JSON")) + microdata()) == [("Why?", ["in JSON"])]
    assert texts(json_ld(asked()) + microdata() + stack) == [("1 + 1?", ["2"])]
    assert texts(json_ld(asked()) + stack) == [("Q", ["A"])]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (asked(accepted="Yes", text="I ask: Why?"), [("I ask: Why?", ["Yes"])]),
        (asked(accepted="Yes", text="Really?"), [("Why?\n\nReally?", ["Yes"])]),
        (asked("", accepted="Yes"), []),
        (asked(" ", accepted="Yes", text="Really?"), [("Really?", ["Yes"])]),
        (asked(accepted=" "), []),
        (asked(acceptedAnswer=[{"text": "a"}, {"text": "b"}, {"text": "a"}]), [("Why?", ["a", "b"])]),
        (asked(suggestedAnswer=[{"text": "s"}, {"text": ""}], accepted="a"), [("Why?", ["a", "s"])]),
        (asked(accepted="&lt;p&gt;a &amp;lt; b&lt;/p&gt;"), [("Why?", ["a < b"])]),
        (asked(accepted="<p>write &lt;p&gt; here</p>"), [("Why?", ["write <p> here"])]),
        (asked(accepted="x < y and &lt;b&gt;"), [("Why?", ["x < y and <b>"])]),
        (asked(accepted="<ul><li>one</li><li>x<sup>2</sup></li></ul>"), [("Why?", ["- one\n- x^{2}"])]),
        (asked(accepted="<script>x</script>"), []),
    ],
)
def test_json_ld(value, found):
    assert texts(json_ld(value)) == found


@pytest.mark.parametrize(
    ("votes", "number"),
    [
        (7, 7),
        ("-3", -3),
        ("1,234", 1234),
        ("many", None),
        (None, None),
        (2**31 - 1, 2**31 - 1),
        (2**31, None),
    ],
)
def test_votes_are_numbers_of_32_bits(votes, number):
    ((found,),) = [
        item["answers"] for item in read(json_ld(asked(acceptedAnswer={"text": "a", "upvoteCount": votes})))
    ]
    assert found["votes"] == number


@pytest.mark.parametrize(
    ("html", "answers"),
    [
        (microdata(), ["2"]),
        (microdata('<p itemprop="text">It is 2.</p><p>by Ada</p>'), ["It is 2."]),
        (microdata('<meta itemprop="text" content=" 2 ">'), ["2"]),
        (microdata('<p content="no">2</p>'), ["2"]),
        (microdata('<p itemprop="text" content="no">2</p>'), ["2"]),
        (microdata('<div itemscope><p itemprop="text">a comment</p></div>2'), ["a comment\n\n2"]),
        (microdata(inside='<div itemprop="comment" itemscope><b itemprop="text">no</b></div>'), ["2"]),
        (microdata(inside=f'<p itemprop="x acceptedAnswer" {ANSWER}>3</p>'), ["3", "2"]),
        (microdata(inside=f'<p itemprop="myacceptedAnswers" {ANSWER}>3</p>'), ["2"]),
    ],
)  # fmt: skip
def test_microdata(html, answers):
    assert texts(html) == [("1 + 1?", answers)]


def test_a_nested_microdata_question_belongs_to_the_outer_one():
    inner = microdata("3").replace("1 + 1?", "1 + 2?")
    assert texts(microdata(inside=inner)) == [("1 + 1?", ["3", "2"])]


@pytest.mark.parametrize(
    ("attributes", "inside", "votes"),
    [
        ('data-score="4"', "", 4),
        ('data-score="4"', '<i itemprop="upvoteCount">5</i>', 5),
        ("", '<i itemprop="upvoteCount" content="6">9</i>', 6),
        ("", '<i itemprop="upvoteCount" data-value="7">7 votes</i>', 7),
        ("", "", None),
    ],
)
def test_votes_in_microdata(attributes, inside, votes):
    (item,) = read(microdata(f'<p itemprop="text">2</p>{inside}', attributes))
    assert item["answers"] == [{"text": "2", "accepted": False, "votes": votes}]


@pytest.mark.parametrize("body", ["s-prose", "js-post-body", "post-text"])
def test_stackexchange_with_each_class_of_bodies(body):
    answer = '<div class="answer {}" data-score="{}"><div class="{}">{}</div></div>'
    html = f'<div id="question"><div class="{body}">Why?</div></div>' + "".join(
        answer.format(kind, votes, body, text)
        for kind, votes, text in (("", 3, "No."), ("accepted-answer", 1, "Yes."), ("", "", ""))
    )
    assert read(html)[0]["answers"] == [
        {"text": "Yes.", "accepted": True, "votes": 1},
        {"text": "No.", "accepted": False, "votes": 3},
    ]


@pytest.mark.parametrize(
    ("problem", "solution"), [("problem", "solution"), ("question-stem", "question-solution")]
)
def test_an_openstax_solution_belongs_to_the_nearest_problem(problem, solution):
    pair = '<div><p data-type="{}">{}</p><div><p data-type="{}">{}</p></div></div>'
    pairs = "".join(pair.format(problem, f"Q{number}", solution, f"A{number}") for number in (1, 2))
    assert texts(f"<section>{pairs}</section>") == [("Q1", ["A1"]), ("Q2", ["A2"])]
    assert texts(f'<p data-type="{solution}">lonely</p>') == []


def pretext(kind, text, inside=""):
    return f'<article class="{kind}"><h4 class="heading">1</h4><p>{text}</p>{inside}</article>'


SOLVED = '<div class="solution solution-like"><h5 class="heading">Solution</h5><p>4</p></div>'
NESTED = pretext("exercise-like", "A", pretext("exercise-like", "B", SOLVED))


@pytest.mark.parametrize(
    ("html", "found"),
    [
        (pretext("project-like", "Q", SOLVED), [("Q", ["4"])]),
        (pretext("example-like", "Q", SOLVED), [("Q", ["4"])]),
        (
            pretext(
                "example-like", "Q", '<details class="answer solution-like"><summary>A</summary>4</details>'
            ),
            [("Q", ["4"])],
        ),
        (pretext("remark-like", "Q", SOLVED), []),
        (pretext("exercise-like", "Q", SOLVED.replace("solution ", "hint ")), []),
        (NESTED, [("A\n\nB", ["4"])]),
        (pretext("exercise-like", "1", pretext("task exercise-like", "2", NESTED)), [("2\n\nA\n\nB", ["4"])]),
        (
            pretext("exercise-like", "Q", f'<div class="solution solution-like"><p>outer</p>{SOLVED}</div>'),
            [("Q", ["outer\n\n4"])],
        ),
    ],
    ids=range(8),
)
def test_pretext(html, found):
    assert texts(html) == found


def test_at_most_max_items_answers_of_a_question_are_read():
    many = "".join(f'<p itemprop="suggestedAnswer">{number}</p>' for number in range(MAX_ITEMS + 5))
    ((_, answers),) = texts(f'<div {QUESTION}><b itemprop="name">Q</b>{many}</div>')
    assert answers == [str(number) for number in range(MAX_ITEMS)]
