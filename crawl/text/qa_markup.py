"""Questions and answers that a page declares in its markup, so that no model is needed to find them.

Five readers, the most reliable first: schema.org as JSON-LD and as microdata (https://schema.org/Question),
StackExchange's classes, OpenStax's data-type attributes, PreTeXt's classes (https://pretextbook.org). The
result is that of the first reader that finds a question with an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from lxml import etree

from crawl.text.blocks import full_text, whole_text
from crawl.text.json_ld import JsonObject, as_list, json_objects, types_of
from crawl.text.mathematics import Formulas, save_formulas
from crawl.text.tree import elements, first, has_class, parse
from gr_toolkit.store.tables import MarkupAnswer, MarkupQuestion

ANSWER_KINDS = ("acceptedAnswer", "suggestedAnswer")
MICRODATA_QUESTION = "*[contains(@itemtype, 'schema.org/Question')]"
STACKEXCHANGE_ANSWER = f"//*[{has_class('answer')}]"
STACKEXCHANGE_BODY = f".//*[{has_class('s-prose', 'js-post-body', 'post-text')}]"
OPENSTAX_PROBLEM = "*[@data-type = 'problem' or @data-type = 'question-stem']"
OPENSTAX_SOLUTION = "//*[@data-type = 'solution' or @data-type = 'question-solution']"
PRETEXT_SOLUTION = f"{has_class('solution', 'answer')}) and ({has_class('solution-like')}"
PRETEXT_OUTER_SOLUTION = f"//*[({PRETEXT_SOLUTION})][not(ancestor::*[({PRETEXT_SOLUTION})])]"
PRETEXT_TASK = f"*[{has_class('exercise-like', 'example-like', 'project-like')}]"
PRETEXT_LABEL = f"*[self::summary or {has_class('heading', 'knowl__link')}]"
PRETEXT_SOLUTIONS = f"*[{has_class('solutions', 'solution-like')}]"
ESCAPED_TAG = re.compile(r"&lt;/?(?:p|br|div|ol|ul|li|pre|code|strong|em|a|h\d)\b")
MAX_ITEMS = 1000  # questions per page, or answers per question


def read_qa_markup(tree: etree._Element) -> list[MarkupQuestion]:
    """The questions that have an answer. Questions repeated with the same answers are returned once."""
    for reader in (read_json_ld, read_microdata, read_stackexchange, read_openstax, read_pretext):
        whole: dict[tuple[str, ...], MarkupQuestion] = {}
        for found in reader(tree):
            if found["question"] and found["answers"]:
                key = (found["question"], *(answer["text"] for answer in found["answers"]))
                whole.setdefault(key, found)
        if whole:
            return list(whole.values())
    return []


def read_json_ld(tree: etree._Element) -> Iterator[MarkupQuestion]:
    """Yield every Question object in the page's JSON-LD, at any depth."""
    for value in json_objects(tree):
        if "Question" in types_of(value):
            yield _json_question(value)


def read_microdata(tree: etree._Element) -> Iterator[MarkupQuestion]:
    """Yield every microdata item of type schema.org/Question that is not inside another question."""
    for item in elements(tree, f"//{MICRODATA_QUESTION}[not(ancestor::{MICRODATA_QUESTION})]")[:MAX_ITEMS]:
        answers = [
            _answer(_text(_property(answer, "text")) or full_text(answer), kind, _votes(answer))
            for kind in ANSWER_KINDS
            for answer in elements(item, f".//*[contains(concat(' ', @itemprop, ' '), ' {kind} ')]")[
                :MAX_ITEMS
            ]
        ]
        yield _question(_text(_property(item, "name")), _text(_property(item, "text")), answers)


def read_stackexchange(tree: etree._Element) -> Iterator[MarkupQuestion]:
    """Yield the question of a StackExchange page."""
    question = first(tree, "//*[@id = 'question']")
    if question is None:
        return
    answers = [
        _answer(
            _text(first(answer, STACKEXCHANGE_BODY)),
            "acceptedAnswer" if "accepted-answer" in answer.get("class", "") else "",
            _votes(answer),
        )
        for answer in elements(tree, STACKEXCHANGE_ANSWER)[:MAX_ITEMS]
    ]
    title = first(tree, "//*[@id = 'question-header']//h1")
    yield _question(_text(title), _text(first(question, STACKEXCHANGE_BODY)), answers)


def read_openstax(tree: etree._Element) -> Iterator[MarkupQuestion]:
    """Yield exercises and examples: each solution with the problem in the nearest element that has both."""
    for solution in elements(tree, OPENSTAX_SOLUTION)[:MAX_ITEMS]:
        problem = first(solution, f"ancestor::*[.//{OPENSTAX_PROBLEM}][1]//{OPENSTAX_PROBLEM}")
        yield _question("", _text(problem), [_answer(full_text(solution), "acceptedAnswer", None)])


def read_pretext(tree: etree._Element) -> Iterator[MarkupQuestion]:
    """Yield the examples, exercises and tasks that have an answer or a solution.

    A task's question begins with the text of the exercise that contains the task.
    """
    labels = set(elements(tree, f"//{PRETEXT_LABEL}"))
    no_question = {*labels, *elements(tree, f"//{PRETEXT_TASK}"), *elements(tree, f"//{PRETEXT_SOLUTIONS}")}
    solutions: dict[etree._Element, list[etree._Element]] = {}
    for solution in elements(tree, PRETEXT_OUTER_SOLUTION)[:MAX_ITEMS]:
        if (task := first(solution, f"ancestor::{PRETEXT_TASK}[1]")) is not None:
            solutions.setdefault(task, []).append(solution)
    asked: dict[etree._Element, str] = {}
    for task, found in solutions.items():
        within = [*elements(task, f"ancestor::{PRETEXT_TASK}")[-2:], task]
        for element in within:
            if element not in asked:
                asked[element] = whole_text(element, no_question)
        # Short answers come first: they state the result more clearly than worked solutions.
        found.sort(key=lambda element: "answer" not in element.get("class", "").split())
        answers = [_answer(whole_text(each, labels), "acceptedAnswer", None) for each in found]
        yield _question("", "\n\n".join(filter(None, (asked[each] for each in within))), answers)


def _json_question(value: JsonObject) -> MarkupQuestion:
    answers = [
        _answer(_html_text(answer.get("text")), kind, _number(answer.get("upvoteCount")))
        for kind in ANSWER_KINDS
        for answer in as_list(value.get(kind))
        if isinstance(answer, dict)
    ]
    return _question(_html_text(value.get("name")), _html_text(value.get("text")), answers)


def _question(name: str, text: str, answers: list[MarkupAnswer]) -> MarkupQuestion:
    """Build a question. Drops the name if the text repeats it, and drops duplicate answers."""
    parts = [text] if name in text else [name, text]
    unique: dict[str, MarkupAnswer] = {}
    for answer in sorted(answers, key=lambda answer: not answer["accepted"]):
        unique.setdefault(answer["text"], answer)
    unique.pop("", None)
    return {"question": "\n\n".join(filter(None, parts)), "answers": list(unique.values())}


def _answer(text: str, kind: str, votes: int | None) -> MarkupAnswer:
    return {"text": text, "accepted": kind == "acceptedAnswer", "votes": votes}


def _property(item: etree._Element, name: str) -> etree._Element | None:
    """The element of the item's property `name`; properties of nested items are ignored."""
    depth = len(elements(item, "ancestor-or-self::*[@itemscope]"))
    return first(item, f".//*[@itemprop = '{name}'][count(ancestor::*[@itemscope]) = {depth}]")


def _votes(item: etree._Element) -> int | None:
    count = first(item, ".//*[@itemprop = 'upvoteCount']")
    if count is None:
        return _number(item.get("data-score"))
    return _number(count.get("content") or count.get("data-value") or full_text(count))


def _number(value: object) -> int | None:
    try:
        number = int(str(value).replace(",", ""))
    except ValueError:
        return None
    return number if abs(number) < 2**31 else None


def _text(element: etree._Element | None) -> str:
    """A property's text; a meta element stores it in `content`."""
    if element is None:
        return ""
    return element.get("content", "").strip() if element.tag == "meta" else whole_text(element)


def _html_text(value: object) -> str:
    """The text of a JSON-LD string, which may contain HTML or escaped HTML."""
    if not isinstance(value, str) or not value.strip():
        return ""
    if ESCAPED_TAG.search(value) and "<" not in value:
        value = unescape(value)
    tree = parse(f"<div>{value}</div>")
    if tree is None:
        return ""
    formulas = Formulas(value)
    save_formulas(tree, formulas)
    return formulas.restore(whole_text(tree))
