"""The questions to train on, their prompts and their order."""

from __future__ import annotations

import pytest

from gr_toolkit.errors import GrError
from gr_toolkit.store import Store
from gr_toolkit.store.questions import Question
from rows import fill
from train.data import fingerprint, in_training_order, prompt, train_questions, with_prompts
from train.trainer import load_tokenizer

TEMPLATE = "{% for m in messages %}<{{ m.role }}> {{ m.content }} <turn>\n{% endfor %}"
INSTRUCTION = "Box it: \\boxed{}."
ASKED = f"1 plus 1 is {INSTRUCTION}"


def test_train_questions_are_the_kept_rows_of_the_train_split(make_settings, write_questions):
    settings = write_questions(make_settings())
    questions = train_questions(Store(settings.data, settings.state))
    assert [question.id for question in questions] == ["q0", "q1", "q2", "q3", "q4"]
    assert questions[1] == Question("q1", "1 plus 1 is", "2")


def test_error_without_questions_names_the_command_to_run(store):
    with pytest.raises(GrError, match="Run: gr curate export"):
        train_questions(store)
    store.table("dataset").write("shard", [fill("dataset", split="test")])
    with pytest.raises(GrError, match="no kept row with split train"):
        train_questions(store)


def test_fingerprint_changes_with_content_and_order():
    one, two = Question("a", "q", "1"), Question("b", "q", "2")
    prints = {fingerprint([one, two]), fingerprint([two, one]), fingerprint([one]), fingerprint([one, one])}
    assert len(prints) == 4
    assert fingerprint([one, two]) == fingerprint([one, two])


@pytest.mark.slow
def test_prompt_is_a_message_if_there_is_a_chat_template_else_text(tiny_model):
    tokenizer = load_tokenizer(tiny_model)
    assert prompt("1 plus 1 is", INSTRUCTION, tokenizer) == ASKED
    tokenizer.chat_template = TEMPLATE
    assert prompt("1 plus 1 is", INSTRUCTION, tokenizer) == [{"role": "user", "content": ASKED}]


@pytest.mark.slow
def test_with_prompts_drops_long_prompts(tiny_model):
    tokenizer = load_tokenizer(tiny_model)
    questions = [Question("short", "is", "1"), Question("long", "is " * 50, "1")]
    short = len(tokenizer.encode(str(prompt("is", INSTRUCTION, tokenizer))))
    assert [row["id"] for row in with_prompts(questions, INSTRUCTION, tokenizer, short)] == ["short"]
    assert len(with_prompts(questions, INSTRUCTION, tokenizer, 1000)) == 2
    with pytest.raises(GrError, match="max_prompt_tokens"):
        with_prompts(questions, INSTRUCTION, tokenizer, short - 1)


@pytest.mark.slow
def test_prompt_length_includes_the_chat_template(tiny_model):
    tokenizer = load_tokenizer(tiny_model)
    plain = len(tokenizer.encode(ASKED))
    tokenizer.chat_template = TEMPLATE
    with pytest.raises(GrError):
        with_prompts([Question("q", "1 plus 1 is", "2")], INSTRUCTION, tokenizer, plain)


def test_every_epoch_has_all_questions_and_a_longer_run_starts_the_same():
    rows = [{"prompt": "", "id": str(number)} for number in range(5)]
    order = in_training_order(rows, 23, seed=1)["id"]
    epochs = [list(order[start : start + 5]) for start in (0, 5, 10, 15)]
    assert all(sorted(each) == list("01234") for each in epochs)
    assert epochs[0] != epochs[1]
    assert list(in_training_order(rows, 12, seed=1)["id"]) == list(order[:12])
    assert list(in_training_order(rows, 23, seed=2)["id"]) != list(order)


@pytest.mark.slow
def test_end_token_is_the_one_that_ends_a_turn_in_the_chat_template(tiny_model, tmp_path):
    tokenizer = load_tokenizer(tiny_model)
    assert tokenizer.eos_token == "<end>"
    tokenizer.add_special_tokens({"additional_special_tokens": ["<turn>"]})
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(tmp_path)
    assert load_tokenizer(str(tmp_path)).eos_token == "<turn>"
