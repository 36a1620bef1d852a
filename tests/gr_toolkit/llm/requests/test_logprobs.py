"""Log-probabilities of a reply's last tokens: asked for, refused, written in several ways, kept."""

import math

import pytest

from gr_toolkit.errors import RequestFailed, ServerUnusable
from gr_toolkit.llm.requests.logprobs import KEPT, NEVER
from loopback import Answer, asking, fails, says, serving, user

YES, NO = -0.1, -2.4
TOKENS = ((":", {":": -0.0}), (" Yes", {" Yes": YES, " No": NO}))


def entry(text, logprob, **others):
    return {"token": text, "logprob": logprob, "bytes": list(text.encode()), **others}


CONTENT = {
    "content": [
        entry(text, likeliest[text], top_logprobs=[entry(*pair) for pair in likeliest.items()])
        for text, likeliest in TOKENS
    ]
}
COLUMNS = {
    "tokens": [text for text, _ in TOKENS],
    "token_logprobs": [likeliest[text] for text, likeliest in TOKENS],
    "top_logprobs": [likeliest for _, likeliest in TOKENS],
}


def completes(logprobs=None, text="a reply"):
    return Answer(body={"choices": [{"text": text, "finish_reason": "stop", "logprobs": logprobs}]})


def chats(logprobs):
    answer = says("a reply")
    answer.body["choices"][0]["logprobs"] = logprobs
    return answer


def complete(llm, text="is it?"):
    return llm.run(llm.complete(text, logprobs=True))


@pytest.mark.parametrize("logprobs", [CONTENT, COLUMNS], ids=["content", "columns"])
def test_they_come_with_a_completion_and_survive_the_cache(tmp_path, logprobs):
    with serving(completes(logprobs)) as server:
        with asking(server, tmp_path) as llm:
            fresh = complete(llm)
        with asking(server, tmp_path) as llm:
            cached = complete(llm)
    assert [body["logprobs"] for body in server.seen] == [5]
    assert fresh.ending == cached.ending == TOKENS
    assert (fresh.cached, cached.cached) == (False, True)


def test_nobody_gets_what_was_not_asked_for(tmp_path):
    with serving(completes(CONTENT)) as server, asking(server, tmp_path) as llm:
        assert llm.run(llm.complete("is it?")).ending == ()
    assert "logprobs" not in server.seen[0]


def test_chat_is_asked_in_its_own_way(tmp_path):
    def behave(body):
        return fails(404) if "prompt" in body else chats(CONTENT)

    with serving(behave) as server, asking(server, tmp_path) as llm:
        assert complete(llm).ending == TOKENS
    assert (server.seen[1]["logprobs"], server.seen[1]["top_logprobs"]) == (True, 5)
    assert server.seen[1]["messages"] == user("is it?")


@pytest.mark.parametrize(
    "refusal",
    [
        "Logprobs is not enabled for models/m",
        'Invalid JSON payload received. Unknown name "logprobs": Cannot find field.',
        "top_logprobs must be less than or equal to 3",
        "bad request",
        "",
    ],
)
def test_a_server_that_refuses_them_is_asked_without_from_then_on(tmp_path, refusal):
    def behave(body):
        return fails(400, refusal) if "logprobs" in body else completes()

    with serving(behave) as server, asking(server, tmp_path) as llm:
        assert complete(llm).text == complete(llm, "and now?").text == "a reply"
    assert ["logprobs" in body for body in server.seen] == [True, False, False]
    assert {body["temperature"] for body in server.seen} == {0.0}  # nothing else is left out


def test_a_server_that_does_not_allow_them_does_not_refuse_the_key(tmp_path):
    def behave(body):  # OpenAI, of its reasoning models
        forbidden = fails(403, "You are not allowed to request logprobs from this model")
        return forbidden if "logprobs" in body else completes()

    with serving(behave) as server, asking(server, tmp_path) as llm:
        assert complete(llm).text == complete(llm, "and now?").text == "a reply"
    assert ["logprobs" in body for body in server.seen] == [True, False, False]


def test_any_other_403_is_about_the_key(tmp_path):
    with (
        serving(fails(403, "This project has no access")) as server,
        asking(server, tmp_path) as llm,
        pytest.raises(ServerUnusable, match="API key"),
    ):
        complete(llm)
    assert len(server.seen) == 1


def test_they_are_not_blamed_for_a_request_that_cannot_succeed(tmp_path):
    def behave(body):
        return fails(400, "refused content") if "poison" in str(body) else completes(CONTENT)

    with serving(behave) as server, asking(server, tmp_path) as llm:
        with pytest.raises(RequestFailed, match="refused content"):
            complete(llm, "poison")
        assert complete(llm).ending == TOKENS
    assert len(server.seen) == 3


@pytest.mark.parametrize(
    "logprobs",
    [
        None,
        [],
        "many",
        {},
        {"content": None},
        {"content": [None, 7, {"token": None}]},
        {"tokens": ["a", "b"], "token_logprobs": [-1.0], "top_logprobs": [{}]},
        {"tokens": ["a"], "token_logprobs": "x", "top_logprobs": 7},
    ],
)
def test_what_makes_no_sense_is_no_ending(tmp_path, logprobs):
    with serving(completes(logprobs)) as server, asking(server, tmp_path) as llm:
        reply = complete(llm)
    assert (reply.text, reply.ending) == ("a reply", ())


@pytest.mark.parametrize(
    ("logprob", "read"),
    [(-math.inf, NEVER), (-(10**400), NEVER), (1e9, 0.0), (math.nan, None), ("-1", None), (None, None)],
)
def test_every_probability_is_one(tmp_path, logprob, read):
    odd = {"tokens": ["a"], "token_logprobs": [logprob], "top_logprobs": [None]}
    with serving(completes(odd)) as server, asking(server, tmp_path) as llm:
        (token,) = complete(llm).ending
    assert token == ("a", {} if read is None else {"a": read})


def test_only_the_end_of_a_long_reply_is_kept(tmp_path):
    many = 3 * KEPT
    long = {
        "tokens": [str(n) for n in range(many)],
        "token_logprobs": [-1.0] * many,
        "top_logprobs": [{}] * many,
    }
    with serving(completes(long)) as server, asking(server, tmp_path) as llm:
        ending = complete(llm).ending
    assert [token.text for token in ending] == [str(n) for n in range(many - KEPT, many)]


def test_lone_surrogates_in_tokens_can_be_kept(tmp_path):
    odd = {"tokens": ["\ud800"], "token_logprobs": [-1.0], "top_logprobs": [{"\udfff": -2.0}]}
    with serving(completes(odd)) as server, asking(server, tmp_path) as llm:
        assert complete(llm).ending == complete(llm).ending == (("?", {"?": -1.0}),)
