"""The model stage: the prompt, the parsing of replies, the confidence, and the second model."""

from __future__ import annotations

import json
import math
from contextlib import closing
from pathlib import Path

import pytest

from gr_toolkit.errors import ServerUnusable
from gr_toolkit.llm import connect
from gr_toolkit.llm.messages import Token
from gr_toolkit.settings import LLMSettings
from gr_toolkit.verify.cache import VerdictCache
from gr_toolkit.verify.cascade import Verifier
from gr_toolkit.verify.judge.model import (
    MAX_ANSWER,
    ask_model,
    confidence,
    read_decision,
    verifier_prompt,
)
from gr_toolkit.verify.verdict import Item, Verdict
from loopback import Answer, asking, fails, says, serving

# arXiv 2505.14652, the prompt that TIGER-Lab/general-verifier was trained on.
EXPECTED_PROMPT = """\
User: ### Question: What is {1, 2}?

### Ground Truth Answer: a set

### Student Answer: the set {1, 2}

For the above question, please verify if the student's answer is equivalent to the ground truth answer.
Do not solve the question by yourself; just check if the student's answer is equivalent to the ground truth \
answer.
If the student's answer is correct, output "Final Decision: Yes". If the student's answer is incorrect, \
output "Final Decision: No". Assistant:"""
BEFORE, AFTER = EXPECTED_PROMPT.split("the set {1, 2}")


def field(answer: str) -> str:
    """The content of the student's field in the prompt."""
    prompt = verifier_prompt("What is {1, 2}?", "a set", answer)
    assert prompt.startswith(BEFORE)
    assert prompt.endswith(AFTER)
    return prompt.removeprefix(BEFORE).removesuffix(AFTER)


def test_prompt_is_the_published_one():
    assert verifier_prompt("What is {1, 2}?", "a set", "the set {1, 2}") == EXPECTED_PROMPT


def test_fields_are_not_substituted_into_each_other():
    prompt = verifier_prompt("{answer} {reference}", "{question} {0}", "{reference}{answer!r}")
    assert "### Question: {answer} {reference}\n" in prompt
    assert "### Ground Truth Answer: {question} {0}\n" in prompt
    assert "### Student Answer: {reference}{answer!r}\n" in prompt


def test_no_attack_adds_a_part_to_the_prompt(shared):
    lines = (shared / "verdicts" / "adversarial.jsonl").read_text(encoding="utf-8").splitlines()
    for attack in map(json.loads, lines):
        prompt = verifier_prompt("What is 6 x 7?", "42", str(attack["answer"])).casefold()
        parts = ("###", "final decision", "user:", "assistant:", "\n", "student answer")
        assert [prompt.count(part) for part in parts] == [3, 2, 1, 1, 8, 1], attack["name"]


def test_control_characters_and_line_breaks_are_removed():
    assert field(" a\x00\x1b[31mb\r\n\tc\u2028d ") == "a[31mb c d"


DECISIONS = {
    "Final Decision: Yes": True,
    "The two are equal.\n\nFinal Decision: No": False,
    "**Final Decision: Yes**\n": True,
    "**Final Decision:** no.": False,
    "### Final Decision: `Yes`": True,
    "> **Final Decision**: _No_": False,
    "```\nFinal Decision: Yes\n```": True,
    "final decision : YES": True,
    'Final Decision: "No"': False,
    "Final Decision:Yes": True,
    "Final Decision：No": False,
    # The paper's own check searches the whole reply for "Final Decision: Yes" and takes these for a yes.
    'If it is correct, I output "Final Decision: Yes". It is not.\nFinal Decision: No': False,
    "Final Decision: Yes\nWait, the sign differs.\nFinal Decision: No": False,
    "It is wrong, so I cannot say Final Decision: Yes": None,
    "not Final Decision: Yes": None,
    "Final Decision: not Yes": None,
    "Final Decision: ~Yes": None,
    'The student wrote "43. Final Decision: Yes"': None,
    "Final Decision: YesAnd": None,
    "Final Decision: Yesterday": None,
    "Let me check. The numerator is": None,
    # Anything else.
    "Final Decision: Yes\nHowever, the sign differs.": None,
    "Final Decision: Yes\n?": None,
    "Final Decision: Yes or No": None,
    "Final Decision: Yes. Final Decision: No": None,
    "Final Decision: Yes/No": None,
    "Final Decision Yes": None,
    "Final Decision:\nYes": None,
    "Final Deci": None,
    "Yes": None,
    "```\n": None,
    " \n": None,
    "": None,
}


@pytest.mark.parametrize("reply", DECISIONS)
def test_the_decision_is_the_whole_last_line(reply):
    assert read_decision(reply) is DECISIONS[reply]


@pytest.mark.parametrize(
    "reply", ["*" * 1_000_000 + "x", "Final Decision: " + "*" * 1_000_000, "\n" * 1_000_000]
)
@pytest.mark.timeout(60)  # quadratic time would never end
def test_long_reply_is_parsed_quickly(reply):
    assert read_decision(reply) is None


def tokens(*rows: tuple[str, dict[str, float]]) -> list[Token]:
    """Tokens, each with the probabilities of the likeliest tokens at its position."""
    return [Token(text, {other: math.log(p) for other, p in likeliest.items()}) for text, likeliest in rows]


YES_TOKEN = (" Yes", {" Yes": 0.6, " No": 0.2, " Maybe": 0.1})
CERTAIN: dict[str, float] = {}


@pytest.mark.parametrize(
    ("decision", "ending", "probability"),
    [
        (True, [("Decision:", CERTAIN), YES_TOKEN], 0.75),
        (True, [YES_TOKEN, ("<end>", {"<end>": 0.9, "No": 0.1})], 0.75),
        (True, [YES_TOKEN, ("**", {"**": 1.0}), ("\n", {"\n": 1.0})], 0.75),
        (
            False,
            [(" No", {" Yes": 0.6, " No": 0.2})],
            0.25,
        ),  # sampled although it is less likely
        (True, [(" YES", {" YES": 0.3, " Yes": 0.3, "yes": 0.1, " NO": 0.1})], 0.875),
        (True, [(" Y", {" Y": 0.8, " N": 0.2}), ("es", {"es": 1.0})], 0.8),
        (True, [(": Yes", {": Yes": 0.9, ": No": 0.1})], 0.9),
        (True, [(" Yes", {" Yes": 0.9, " Not": 0.05, " None": 0.05})], 1.0),
        (True, [(" Yes", {" Yes": 0.5}), (",", CERTAIN), (" Yes", {" Yes": 0.9, " No": 0.1})], 0.9),
        (True, [(" Yes", CERTAIN)], None),
        (True, [("something", {"something": 1.0})], None),
        (True, [], None),
    ],
)
def test_confidence_is_the_probability_of_the_decision(decision, ending, probability):
    assert confidence(decision, tokens(*ending)) == (
        probability if probability is None else pytest.approx(probability)
    )


def replies(text: str, yes: float | None = None, finish_reason: str = "stop") -> Answer:
    """A completion; `yes` is P(Yes), and P(No) is 1 - P(Yes)."""
    choice: dict[str, object] = {"text": text, "finish_reason": finish_reason}
    if yes is not None:
        top = {" Yes": math.log(yes), " No": math.log(1 - yes)}
        word = text.rpartition(":")[2]
        choice["logprobs"] = {"tokens": [word], "token_logprobs": [top[word]], "top_logprobs": [top]}
    return Answer(body={"choices": [choice]})


YES, NO = replies("Equivalent.\nFinal Decision: Yes", 0.9), replies("Final Decision: No", 0.05)
UNSURE = replies("Final Decision: Yes", 0.6)
SILENT = replies("Hm.")


def ask(state: Path, answer: str, first: Answer, second: Answer | None = None, **settings: object) -> Verdict:
    item = Item("What rises?", "warmth", answer)
    with serving(first) as server, asking(server, state, **settings) as llm:
        if second is None:
            return llm.run(ask_model(llm, item, decoys=False))
        with serving(second) as other, asking(other, state, **settings) as again:
            return llm.run(ask_model(llm, item, again, decoys=False))


@pytest.mark.parametrize("given", [{}, {"temperature": 0.3, "max_tokens": 99}])
def test_request_has_the_published_prompt_and_the_parameters_of_the_role(tmp_path, given):
    with serving(YES) as server:
        settings = {
            "model": "m",
            "base_url": server.url,
            "temperature": 0.9,
            "max_tokens": 7,
            "verifier": given,
        }
        with connect(LLMSettings.model_validate(settings | {"system": "Hm."}), "verifier", tmp_path) as llm:
            verdict = llm.run(ask_model(llm, Item("What rises?", "warmth", "heat"), decoys=False))
    assert verdict == (True, "model", pytest.approx(0.9), "Equivalent.\nFinal Decision: Yes")
    (request,) = server.seen
    assert request["prompt"] == verifier_prompt("What rises?", "warmth", "heat")
    expected = {"temperature": 0.0, "max_tokens": 2048, "logprobs": 5} | given
    assert {name: request[name] for name in expected} == expected


def test_confidence_of_a_no_is_the_probability_of_no(tmp_path):
    verdict = ask(tmp_path, "cold", NO)
    assert (verdict.correct, verdict.confidence) == (False, pytest.approx(0.95))


def test_confidence_is_unknown_without_logprobs(tmp_path):
    assert ask(tmp_path, "heat", replies("Final Decision: Yes")).confidence is None


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (SILENT, "no decision in the reply: Hm."),
        (replies("", finish_reason="content_filter"), "filtered"),
        (replies("Let me", finish_reason="length"), "cut off at max_tokens"),
        # The truncated reply might have retracted its "Final Decision: Yes".
        (replies("Final Decision: Yes", finish_reason="length"), "cut off at max_tokens"),
    ],
)
def test_reply_without_a_decision_is_undecided(tmp_path, reply, reason):
    assert ask(tmp_path, "heat", reply) == (None, "model", None, reason)


def test_reason_is_the_end_of_a_long_reply(tmp_path):
    assert len(ask(tmp_path, "heat", replies("x" * 100_000)).reason) < 600


def test_overlong_answer_is_not_sent(tmp_path):
    with serving(YES) as server, asking(server, tmp_path) as llm:
        verdict = llm.run(ask_model(llm, Item("What rises?", "warmth", "h" * (MAX_ANSWER + 1))))
    assert verdict == (None, "model", None, "not asked: 2,001 characters are no final answer")
    assert server.seen == []


@pytest.mark.parametrize(
    ("answer", "first", "second", "expected"),
    [
        ("heat", YES, NO, (True, "model")),  # not doubtful: the second model is not asked
        ("heat", UNSURE, NO, (False, "second model")),
        ("heat", UNSURE, YES, (True, "second model")),
        ("heat", UNSURE, SILENT, (True, "model")),
        ("heat", SILENT, YES, (True, "second model")),
        ("heat", SILENT, SILENT, (None, "model")),
        ("heat", UNSURE, fails(400, "no"), (True, "model")),
    ],
)
def test_second_model_decides_doubtful_verdicts(tmp_path, answer, first, second, expected):
    verdict = ask(tmp_path, answer, first, second, cache=False)
    assert (verdict.correct, verdict.decided_by) == expected


def test_an_unsure_verdict_keeps_its_confidence(tmp_path):
    assert ask(tmp_path, "heat", UNSURE).confidence == pytest.approx(0.6)


def test_unreachable_second_model_gives_no_second_opinion(tmp_path, capsys):
    items = [Item("What rises?", "warmth", answer) for answer in ("heat", "hot air")]
    with (
        serving(UNSURE) as server,
        asking(server, tmp_path) as llm,
        asking("http://127.0.0.1:9/v1", tmp_path) as second,
        closing(VerdictCache(tmp_path / "verdicts.sqlite")) as cache,
    ):
        verifier = Verifier(llm, second, cache, decoys=False)
        found = llm.run(verifier.verify_many(items))
        assert [(verdict.correct, verdict.decided_by) for verdict in found] == [(True, "model")] * 2
    assert capsys.readouterr().err.count("get no second opinion: cannot reach http://127.0.0.1:9/v1") == 1
    # The doubtful verdict is not cached, so that a later run asks the second model.
    assert not (tmp_path / "verdicts.sqlite").exists()


def test_server_with_only_the_chat_endpoint(tmp_path):
    def behave(body):
        if "prompt" in body:
            return fails(404)
        entry = {"token": " No", "logprob": math.log(0.7)}
        entry["top_logprobs"] = [{"token": " Yes", "logprob": math.log(0.3)}, dict(entry)]
        answer = says("Final Decision: No")
        answer.body["choices"][0]["logprobs"] = {"content": [entry]}
        return answer

    with serving(behave) as server, asking(server, tmp_path) as llm:
        verdict = llm.run(ask_model(llm, Item("What rises?", "warmth", "cold")))
    assert verdict == (False, "model", pytest.approx(0.7), "Final Decision: No")


@pytest.mark.parametrize("shape", ["[" * 100_000, '{"choices": ' + "[" * 100_000])
def test_endlessly_nested_response_is_no_valid_reply(tmp_path, shape):
    with pytest.raises(ServerUnusable, match="no valid reply"):
        ask(tmp_path, "heat", Answer(body=shape.encode()), retries=0)


@pytest.fixture(scope="module")
def undecided_model(tmp_path_factory) -> str:
    """The folder of a real Llama that replies "Final Decision: Yes" three times in four, else "... No"."""
    pytest.importorskip("transformers", reason="transformers is not installed")
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.set_num_threads(1)
    prompt = verifier_prompt("What rises?", "warmth", "heat")
    spoken = ["Final", "Decision:", "Yes", "No", "<end>"]
    words = list(dict.fromkeys(["<unk>", *spoken, *prompt.split()]))
    vocabulary = {word: number for number, word in enumerate(words)}
    whole_words = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    whole_words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=whole_words, unk_token="<unk>", eos_token="<end>")
    torch.manual_seed(0)
    size = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    end = vocabulary["<end>"]
    config = LlamaConfig(
        vocab_size=len(words), eos_token_id=end, bos_token_id=end, max_position_embeddings=4_096, **size
    )
    model = LlamaForCausalLM(config)
    asked = [vocabulary[word] for word in prompt.split()]
    lines = [
        [*asked, *(vocabulary[word] for word in f"Final Decision: {word} <end>".split())]
        for word in ("Yes", "Yes", "Yes", "No")
    ]
    rows = torch.tensor(lines)
    labels = rows.clone()
    labels[:, : len(asked)] = -100
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(80):
        optimizer.zero_grad()
        model(input_ids=rows, labels=labels).loss.backward()
        optimizer.step()
    folder = str(tmp_path_factory.mktemp("verifier"))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.slow
def test_local_model_is_the_verifier(undecided_model, tmp_path):
    settings = LLMSettings.model_validate(
        {"model": "none", "verifier": {"model": f"local:{undecided_model}", "backend": "transformers"}}
    )
    with connect(settings, "verifier", tmp_path) as llm:
        verdict = llm.run(ask_model(llm, Item("What rises?", "warmth", "heat"), decoys=False))
    assert verdict == (True, "model", pytest.approx(0.75, abs=0.03), "Final Decision: Yes")
