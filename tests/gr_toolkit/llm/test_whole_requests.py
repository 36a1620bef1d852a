"""Which fields a request has, which a reply keeps, and how a model without a chat template is asked."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from gr_toolkit.errors import RequestFailed, Unanswered
from gr_toolkit.llm import connect
from gr_toolkit.llm.requests.wire import CONTROL
from gr_toolkit.settings import LLMSettings
from loopback import Answer, asking, but_answers_control, fails, says, serving, user

OK = says("fine")
FIELDS = {
    "top_p": 0.9,
    "top_k": 20,
    "min_p": 0.05,
    "stop": ["END"],
    "seed": 3,
    "extra_body": {"reasoning_effort": "low", "chat_template_kwargs": {"enable_thinking": False}},
}
SENT = {name: FIELDS[name] for name in ("top_p", "top_k", "min_p", "stop", "seed")} | FIELDS["extra_body"]
# vLLM, transformers as in SGLang, gr's own former server.
NO_TEMPLATE = [
    "This model does not have a chat template.",
    "As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat "
    "template if the tokenizer does not define one.",
    "Cannot use chat template functions because tokenizer.chat_template is not set and no template "
    "argument was passed!",
    "m has no chat template; use /v1/completions",
]


class City(BaseModel):
    city: str


def thinks(thoughts: str, text: str, name="reasoning_content", finish_reason="stop", tokens=30) -> Answer:
    message = {"role": "assistant", "content": text, name: thoughts}
    details = {"completion_tokens_details": {"reasoning_tokens": tokens}}
    usage = {"prompt_tokens": 10, "completion_tokens": tokens + 5, **details}
    choice = {"index": 0, "finish_reason": finish_reason, "message": message}
    return Answer(body={"choices": [choice], "usage": usage})


def completes(text: str) -> Answer:
    return Answer(body={"choices": [{"text": text, "finish_reason": "stop"}]})


def ask(llm, text="hello", **options):
    return llm.run(llm.ask(user(text), **options))


def without(names, body):
    return {name: value for name, value in body.items() if name not in names}


def test_every_field_of_the_settings_is_in_the_body(tmp_path):
    with serving(OK) as server, asking(server, tmp_path, **FIELDS) as llm:
        ask(llm)
        llm.run(llm.complete("Is it?"))
    for body, kind in zip(server.seen, ("messages", "prompt"), strict=True):
        assert without((kind, "model", "temperature", "max_tokens"), body) == SENT


def test_no_field_is_sent_that_is_not_set(tmp_path):
    with serving(OK) as server, asking(server, tmp_path) as llm:
        ask(llm)
    assert set(server.seen[0]) == {"model", "messages", "temperature", "max_tokens"}


def test_each_role_sends_its_own_fields(tmp_path):
    with serving(says("Final Decision: Yes")) as server:
        settings = LLMSettings.model_validate(
            {
                "model": "m",
                "base_url": server.url,
                "temperature": 0.5,
                "system": "Be brief.",
                "judge": {"top_k": 5, "extra_body": {"reasoning_effort": "high"}},
                "verifier": {"temperature": 0.3},
                "solver": {"seed": 100, "system": ""},
            }
        )
        for role in ("judge", "verifier", "solver"):
            with connect(settings, role, tmp_path) as llm:
                ask(llm, seed=2 if role == "solver" else None)
    judge, verifier, solver = server.seen
    assert (judge["temperature"], judge["top_k"], judge["reasoning_effort"]) == (0.5, 5, "high")
    assert (verifier["temperature"], verifier["max_tokens"]) == (0.3, 2048)
    assert (solver["temperature"], solver["seed"], solver["max_tokens"]) == (1.0, 102, 1024)
    assert [body["messages"][0]["role"] for body in server.seen] == ["system", "system", "user"]


def test_arguments_replace_settings_and_the_seed_is_added(tmp_path):
    with serving(OK) as server, asking(server, tmp_path, temperature=0.1, **FIELDS) as llm:
        ask(llm, temperature=0.7, max_tokens=9, seed=4)
        llm.run(llm.complete("Is it?", stop=["."]))
    chat, plain = server.seen
    assert (chat["temperature"], chat["max_tokens"], chat["seed"]) == (0.7, 9, 7)
    assert plain["stop"] == ["."]


def test_system_prompt_comes_first_and_joins_the_one_of_the_step(tmp_path):
    own = [{"role": "system", "content": "You judge."}, *user("hello")]
    with serving(OK) as server, asking(server, tmp_path, system="Be brief.") as llm:
        ask(llm)
        llm.run(llm.ask(own))
        llm.run(llm.complete("Is it?"))
    first, second, plain = server.seen
    assert first["messages"] == [{"role": "system", "content": "Be brief."}, *user("hello")]
    assert second["messages"] == [{"role": "system", "content": "Be brief.\n\nYou judge."}, *user("hello")]
    assert plain["prompt"] == "Is it?"


@pytest.mark.parametrize("name", [*FIELDS, "system"])
def test_every_field_is_in_the_key_of_the_cache(tmp_path, name):
    other = FIELDS | {"system": "Be brief."}
    with serving(OK) as server:
        with asking(server, tmp_path) as llm:
            ask(llm)
        for _ in range(2):
            with asking(server, tmp_path, **{name: other[name]}) as llm:
                ask(llm)
    assert len(server.seen) == 2


@pytest.mark.parametrize("name", ["top_p", "top_k", "min_p"])
def test_refused_field_is_omitted_from_later_requests(tmp_path, name):
    def behave(body):
        return fails(400, f"Unrecognized request argument supplied: {name}") if name in body else OK

    with serving(behave) as server, asking(server, tmp_path, **FIELDS) as llm:
        ask(llm)
        ask(llm, "again")
    assert [name in body for body in server.seen] == [True, False, False]
    fields = without(("model", "messages", "temperature", "max_tokens"), server.seen[-1])
    assert fields == without((name,), SENT)


def test_control_request_has_the_fields(tmp_path):
    with (
        serving(lambda body: OK if CONTROL in str(body) else fails(500)) as server,
        asking(server, tmp_path, retries=1, **FIELDS) as llm,
        pytest.raises(Unanswered),
    ):
        ask(llm)
    (control,) = [body for body in server.seen if CONTROL in str(body["messages"])]
    assert {name: control[name] for name in SENT} == SENT


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_is_kept_apart_from_the_text_also_in_the_cache(tmp_path, name):
    with serving(thinks("Let me see.", "fine", name)) as server, asking(server, tmp_path) as llm:
        replies = [ask(llm), ask(llm)]
    assert [reply.cached for reply in replies] == [False, True]
    for reply in replies:
        assert (reply.text, reply.reasoning) == ("fine", "Let me see.")
        assert (reply.output_tokens, reply.reasoning_tokens, reply.finish_reason) == (35, 30, "stop")


def test_unreported_tokens_are_estimated_from_reasoning_and_text(tmp_path):
    message = {"content": "fine", "reasoning": "x" * 400}
    with (
        serving(Answer(body={"choices": [{"message": message}]})) as server,
        asking(server, tmp_path) as llm,
    ):
        reply = ask(llm)
    assert (reply.output_tokens, reply.reasoning_tokens) == (102, 0)


def test_reasoning_alone_is_an_empty_reply(tmp_path):
    with (
        serving(lambda body: OK if CONTROL in str(body) else thinks("It is Paris.", "")) as server,
        asking(server, tmp_path, retries=0) as llm,
        pytest.raises(Unanswered, match="the reply is empty"),
    ):
        ask(llm)


def test_repair_does_not_send_the_reasoning_back(tmp_path):
    bad = "<think>Berlin {x}</think>It is Paris."
    with (
        serving(thinks("Is it Rome?", bad), says('{"city": "Paris"}')) as server,
        asking(server, tmp_path) as llm,
    ):
        assert ask(llm, schema=City).parsed.city == "Paris"
    assert server.seen[1]["messages"][1] == {"role": "assistant", "content": "It is Paris."}
    assert "Rome" not in str(server.seen[1])
    assert "Berlin" not in str(server.seen[1]["messages"])


@pytest.mark.parametrize("message", NO_TEMPLATE)
def test_model_without_chat_template_gets_the_plain_prompt_from_then_on(tmp_path, message):
    def behave(body):
        return fails(400, message) if "messages" in body else completes(" Paris")

    with serving(behave) as server, asking(server, tmp_path, **FIELDS) as llm:
        assert ask(llm, "The capital is").text == " Paris"
        assert ask(llm, "The town is").text == " Paris"
    assert [body.get("prompt") for body in server.seen] == [None, "The capital is", "The town is"]
    assert without(("model", "prompt", "temperature", "max_tokens"), server.seen[-1]) == SENT


def test_turns_of_a_plain_prompt_are_separated_by_blank_lines(tmp_path):
    def behave(body):
        if "messages" in body:
            return fails(400, NO_TEMPLATE[0])
        return (
            fails(400, "response_format is unknown")
            if "response_format" in body
            else completes('{"city": "Rome"}')
        )

    turns = [*user("a"), {"role": "assistant", "content": "b"}, *user("c")]
    with serving(behave) as server, asking(server, tmp_path, system="Be brief.") as llm:
        assert llm.run(llm.ask(turns, schema=City)).parsed.city == "Rome"
    prompt = server.seen[-1]["prompt"]
    assert prompt.startswith("Be brief.\n\na\n\nb\n\nc\n\nReply with one JSON object")
    assert "messages" not in server.seen[-1]


def test_requests_that_wait_learn_what_others_were_refused(tmp_path):
    def behave(body):
        return fails(400, NO_TEMPLATE[0]) if "messages" in body else completes("fine")

    with serving(behave) as server, asking(server, tmp_path, concurrency=2) as llm:
        llm.map(lambda n: llm.ask(user(str(n))), range(20), lambda _: None)
    assert sum("messages" in body for body in server.seen) <= 4


@pytest.mark.parametrize(
    "message",
    [
        "Chat template error: System role not supported",
        "Chat template error: Conversation roles must alternate user/assistant",
        "chat_template is not supported for Mistral tokenizers.",
        "Unknown parameter: 'chat_template_kwargs'",
    ],
)
def test_error_of_a_chat_template_does_not_change_the_prompt(tmp_path, message):
    with (
        serving(but_answers_control(fails(400, message))) as server,
        asking(server, tmp_path) as llm,
        pytest.raises(RequestFailed),
    ):
        ask(llm)
    assert all("messages" in body for body in server.seen)


def test_max_completion_tokens_of_extra_body_is_kept(tmp_path):
    def behave(body):
        return fails(400, "'max_tokens' is not supported") if "max_tokens" in body else OK

    extra = {"max_completion_tokens": 5000}
    with serving(behave) as server, asking(server, tmp_path, extra_body=extra) as llm:
        ask(llm)
    assert server.seen[-1]["max_completion_tokens"] == 5000
