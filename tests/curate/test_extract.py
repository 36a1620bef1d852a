"""`gr curate extract`: the pairs of a text, from its markup and from the model's replies."""

from __future__ import annotations

import json

import pytest

from curate.extract import (
    PROMPT,
    FoundPair,
    best_answer,
    marked_up_pairs,
    pairs_of_text,
    split,
    why_rejected,
)
from gr_toolkit.llm import connect, load_prompt
from gr_toolkit.settings import CurateSettings, Settings
from loopback import but_answers_control, fails, says, serving
from rows import fill


def answer(text, accepted=False, votes=None):
    return {"text": text, "accepted": accepted, "votes": votes}


@pytest.mark.parametrize(
    ("answers", "best"),
    [
        ([answer("a", votes=9), answer("b", accepted=True, votes=1)], "b"),
        ([answer("a", votes=2), answer("b", votes=5)], "b"),
        ([answer("a"), answer("b", votes=1)], "b"),
        ([answer("only")], "only"),
        ([answer("a"), answer("b")], None),
        ([answer("a", votes=-1), answer("b", votes=0)], None),
        ([], None),
    ],
)
def test_best_answer_is_accepted_then_single_then_voted(answers, best):
    chosen = best_answer(answers)
    assert (chosen["text"] if chosen else None) == best


def marked_up(*questions, text="", **settings):
    """The rows of a page whose markup declares these (question, answers) tuples."""
    declared = [{"question": question, "answers": answers} for question, answers in questions]
    page = {"id": "p1", "url": "u", "license": None, "text": text, "qa_markup": declared}
    return list(marked_up_pairs(page, CurateSettings(**settings)))


def test_marked_up_pairs_keep_short_answers_and_the_conclusion_of_long_ones():
    long = "The force is mass times acceleration, that is 3 kg by 2 m/s², so we multiply. The answer is 6 N."
    pairs = marked_up(
        ("1. What is the capital?", [answer("Paris", accepted=True)]),
        ("What force?", [answer(long, accepted=True)]),
    )
    assert [pair["question"] for pair in pairs] == ["What is the capital?", "What force?"]
    assert [(pair["answer"], pair["solution"]) for pair in pairs] == [("Paris", None), ("6 N", long)]
    assert [pair["evidence"] for pair in pairs] == ["Paris", long]
    assert all(pair["kept"] and pair["grounded"] and pair["extractor"] == "markup" for pair in pairs)


LONG = "Because of many reasons. " * 9


@pytest.mark.parametrize(
    ("question", "answers", "settings", "reason"),
    [
        ("Why?", [answer("this"), answer("that")], {}, "no accepted answer"),
        ("Why?", [answer("this", votes=-1), answer("that", votes=0)], {}, "no accepted answer"),
        ("Why?", [answer(LONG, accepted=True)], {}, "answer too long"),
        ("Why?", [answer("x" * 60)], {}, None),
        ("Why?", [answer("x" * 61)], {}, "answer too long"),
        ("Why?", [answer("x" * 60)], {"max_answer_chars": 59}, "answer too long"),
        ("Why?", [answer(f"{LONG} The answer is {'y' * 30}.")], {}, None),
        ("Why?", [answer(f"{LONG} The answer is {'y' * 30}.")], {"max_answer_chars": 29}, "answer too long"),
        ("2. ", [answer("Paris")], {}, "empty question or answer"),
        ("What is it?", [answer(" \n")], {}, "empty question or answer"),
        ("Is Paris the capital?", [answer("Paris the capital")], {}, "answer repeats the question"),
    ],
)
def test_rejected_declared_question_has_a_row_with_the_reason(question, answers, settings, reason):
    (row,) = marked_up((question, answers), **settings)
    assert (row["reason"], row["kept"]) == (reason, reason is None)


def test_declared_questions_that_differ_only_in_their_answers_have_separate_rows():
    rows = marked_up(("1. Why?", [answer(LONG)]), ("2. Why?", [answer(f"{LONG} Or not.")]))
    assert len({row["id"] for row in rows}) == 2


def test_split_cuts_between_paragraphs_and_loses_nothing():
    text = "\n\n".join(f"Paragraph {number} " + "word " * 30 for number in range(20))
    parts = split(text, 500)
    assert "".join(parts) == text
    assert all(len(part) <= 500 for part in parts)
    assert all(part.startswith(("Paragraph", "\n")) for part in parts)


def test_split_prefers_a_paragraph_end_to_a_later_line_end():
    text = f"{'a' * 60}\n\n{'b' * 20}\n{'c' * 60}"
    assert split(text, 100) == [f"{'a' * 60}", f"\n\n{'b' * 20}\n{'c' * 60}"]


def test_split_falls_back_to_a_line_end():
    text = f"{'a' * 60}\n{'b' * 20}\n{'c' * 60}"
    assert split(text, 100) == [f"{'a' * 60}\n{'b' * 20}", f"\n{'c' * 60}"]


def extract_from(tmp_path, reply, text, *, llm=(), **curate):
    """The rows of a text for which the server sends `reply`, and the requests it received."""
    with serving(reply) as server:
        settings = Settings(
            llm={"model": "m", "base_url": server.url, "retries": 0, "patience": 0, **dict(llm)},
            curate=curate,
        )
        with connect(settings.llm, "extractor", tmp_path) as model:
            found = model.run(pairs_of_text(text, model, load_prompt(PROMPT), settings))
    assert found.unanswered is None
    return found.result, server.seen


def page(text="", **values):
    return fill("texts", "p1", text=text, **{"language": "en", "qa_markup": [], **values})


def finds(question="", found="", evidence=""):
    pair = {"question": question, "answer": found, "evidence": evidence}
    return says(json.dumps({"pairs": [pair]}))


PAGE = "A bus covers 180 km in 3 hours. Its speed is 60 km/h, as we shall see."
ASKED = "A bus covers 180 km in 3 hours. What is its speed?"


@pytest.mark.parametrize(
    ("pair", "settings", "reason", "grounded"),
    [
        ((ASKED, "60 km/h", "speed is 60 km/h"), {}, None, True),
        ((ASKED, "60 km/h", "words of its own"), {}, None, True),
        ((ASKED, "  ", "speed is 60 km/h"), {}, "empty question or answer", False),
        (("", "60 km/h", "speed is 60 km/h"), {}, "empty question or answer", True),
        (("Its speed is 60 km/h", "speed is 60 km/h", ""), {}, "answer repeats the question", True),
        ((ASKED, "60 km/h", "speed is 60 km/h"), {"max_answer_chars": 6}, "answer too long", True),
        ((ASKED, "70 km/h", "speed is 60 km/h"), {}, "answer not on the page", False),
    ],
)
def test_pair_from_the_model_is_kept_or_has_a_reason(tmp_path, pair, settings, reason, grounded):
    ((row,), _) = extract_from(tmp_path, finds(*pair), page(PAGE), **settings)
    assert (row["reason"], row["kept"], row["grounded"]) == (reason, reason is None, grounded)
    assert row["extractor"].startswith("m ")
    assert row["evidence"] is None or row["evidence"] in PAGE


def test_text_without_a_question_gives_one_row(tmp_path):
    ((row,), _) = extract_from(tmp_path, says('{"pairs": []}'), page(PAGE))
    assert (row["reason"], row["question"]) == ("no question found", None)


def test_model_still_reads_a_text_whose_declared_question_is_rejected(tmp_path):
    declared = [{"question": "Why?", "answers": [answer("this"), answer("that")]}]
    rows, _ = extract_from(tmp_path, finds(ASKED, "60 km/h"), page(PAGE, qa_markup=declared))
    assert [(row["extractor"], row["reason"]) for row in rows[:1]] == [("markup", "no accepted answer")]
    assert [row["answer"] for row in rows if row["kept"]] == ["60 km/h"]


def test_pair_in_markup_and_reply_gives_only_the_markup_row(tmp_path):
    declared = [{"question": ASKED, "answers": [answer("60 km/h")]}]
    ((row,), _) = extract_from(tmp_path, finds(ASKED, "60 km/h"), page(PAGE, qa_markup=declared))
    assert row["extractor"] == "markup"


def test_text_in_a_wanted_language_is_read(tmp_path):
    ((row,), asked) = extract_from(tmp_path, finds(ASKED, "60 km/h"), page(PAGE), languages=["de", "en"])
    assert (row["kept"], len(asked)) == (True, 1)


@pytest.mark.parametrize(("language", "named"), [("de", "de"), (None, "unknown")])
def test_unwanted_language_is_rejected_without_a_request(tmp_path, language, named):
    text = page(PAGE, language=language)
    ((row,), asked) = extract_from(tmp_path, finds(ASKED, "60 km/h"), text, languages=["en"])
    assert (row["reason"], row["kept"], asked) == (f"language {named}", False, [])


def test_failed_request_gives_a_row_in_addition_to_the_markup_pairs(tmp_path):
    declared = [{"question": "Why?", "answers": [answer("so")]}]
    rows, _ = extract_from(tmp_path, but_answers_control(fails(400, "no")), page(PAGE, qa_markup=declared))
    assert [row["reason"] for row in rows] == [None, "failed: HTTP 400"]


@pytest.mark.parametrize(
    ("llm", "pairs_per_chunk", "max_tokens"),
    [({}, 10, 1280), ({}, 2, 1024), ({"extractor": {"max_tokens": 4000}}, 10, 4000)],
)
def test_token_limit_grows_with_the_requested_pairs(tmp_path, llm, pairs_per_chunk, max_tokens):
    _, (asked,) = extract_from(
        tmp_path, finds(ASKED, "60 km/h"), page(PAGE), llm=llm, pairs_per_chunk=pairs_per_chunk
    )
    assert asked["max_tokens"] == max_tokens


def test_long_text_is_asked_in_parts_and_each_part_once(tmp_path):
    text = "\n\n".join(f"Paragraph {number}. {'word ' * 20}" for number in range(6))
    rows, asked = extract_from(tmp_path, finds(ASKED, "60 km/h"), page(text), chunk_chars=250)
    prompts = sorted(body["messages"][-1]["content"] for body in asked)
    assert len(prompts) == len(set(prompts)) == 3
    assert all(len(prompt) <= 250 for prompt in prompts)
    assert [row["reason"] for row in rows] == ["answer not on the page"]  # the same pair from each part


def test_reply_may_have_only_the_requested_number_of_pairs(tmp_path):
    pairs = [{"question": f"{n}: {ASKED}", "answer": "60 km/h", "evidence": ""} for n in range(3)]
    reply = says(json.dumps({"pairs": pairs}))
    rows, (asked,) = extract_from(tmp_path, reply, page(PAGE), pairs_per_chunk=2)
    assert [row["question"] for row in rows] == [f"{n}: {ASKED}" for n in range(2)]
    assert "up to 2 questions" in asked["messages"][0]["content"]


def test_spaces_in_a_pair_are_normalised_and_the_page_is_the_source(tmp_path):
    text = page(PAGE, url="u", license="CC0")
    ((row,), _) = extract_from(tmp_path, finds("How \n fast?", " 60\tkm/h ", ""), text)
    assert (row["question"], row["answer"]) == ("How fast?", "60 km/h")
    assert (row["page_id"], row["url"], row["license"], row["solution"]) == ("p1", "u", "CC0", None)


def test_rejected_text_is_not_read(tmp_path):
    rows, asked = extract_from(tmp_path, finds(ASKED), page(PAGE, kept=False, reason="no text"))
    assert (rows, asked) == ([], [])


@pytest.mark.parametrize(
    ("text", "size", "parts"),
    [
        ("a" * 100, 100, ["a" * 100]),
        ("a" * 101, 100, ["a" * 100, "a"]),
        ("a" * 40 + "\n\n" + "b" * 60, 100, ["a" * 40 + "\n\n" + "b" * 58, "bb"]),  # in the first half
        ("a" * 50 + "\n\n" + "b" * 60, 100, ["a" * 50, "\n\n" + "b" * 60]),
        ("a" * 100 + " \n" * 9, 100, ["a" * 100]),
        (" \n", 100, []),
    ],
)
def test_split_cuts_in_the_second_half_and_drops_blank_parts(text, size, parts):
    assert split(text, size) == parts


@pytest.mark.parametrize(
    ("question", "found", "reason"),
    [
        ("Is Paris the capital?", "Paris the capital", "answer repeats the question"),
        ("Is it so or not?", "not?", None),
        ("ab?", "b?", "answer repeats the question"),
        ("abc?", "c?", None),  # half of the question
        ("What is it?", "x" * 200, None),
        ("What is it?", "x" * 201, "answer too long"),
    ],
)
def test_answer_is_rejected_if_it_repeats_the_question_or_is_too_long(question, found, reason):
    assert why_rejected(question, found, "evidence", 200) == reason


def test_schema_limits_the_length_of_the_texts():
    fields = FoundPair.model_json_schema()["properties"]
    lengths = {name: field["maxLength"] for name, field in fields.items()}
    assert lengths == {"question": 400, "answer": 80, "evidence": 200}


CUT_OFF = says('{"pairs": [{"question": "How fast?", "answer": "60 km/h", "evidence": ""}, {"que', "length")


def test_list_that_is_cut_off_keeps_its_complete_pairs_and_a_row_for_the_rest(tmp_path):
    rows, asked = extract_from(tmp_path, CUT_OFF, page("The bus goes at 60 km/h."))
    assert [(row["question"], row["kept"], row["reason"]) for row in rows] == [
        ("How fast?", True, None),
        (None, False, "failed: list cut off at max_tokens"),
    ]
    assert [body["max_tokens"] for body in asked] == [1280, 2560]


def test_unanswered_part_leaves_the_text_pending_and_keeps_the_other_parts(tmp_path):
    text = f"{'word ' * 40}\n\n{'other ' * 40}"

    def reply(body):
        return fails(500) if "other" in str(body["messages"][-1]) else finds("How fast?", "word", "")

    with serving(reply) as server:
        settings = Settings(
            llm={"model": "m", "base_url": server.url, "retries": 0}, curate={"chunk_chars": 250}
        )
        with connect(settings.llm, "extractor", tmp_path) as model:
            found = model.run(pairs_of_text(page(text), model, load_prompt(PROMPT), settings))
    assert found.unanswered is not None
    assert found.unanswered.counts
    assert [row["reason"] for row in found.result] == [None, "failed: HTTP 500"]
