"""Log-probabilities of a reply's last tokens: requested, refused, parsed from both formats, cached."""

import math

import pytest

from gr_toolkit.errors import RequestFailed, ServerUnusable
from gr_toolkit.llm.requests.logprobs import MAX_TOKENS, MIN_LOGPROB
from gr_toolkit.llm.requests.wire import CONTROL
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
def test_logprobs_of_a_completion_survive_the_cache(tmp_path, logprobs):
    with serving(completes(logprobs)) as server:
        with asking(server, tmp_path) as llm:
            fresh = complete(llm)
        with asking(server, tmp_path) as llm:
            cached = complete(llm)
    assert [body["logprobs"] for body in server.seen] == [5]
    assert fresh.ending == cached.ending == TOKENS
    assert (fresh.cached, cached.cached) == (False, True)


def test_logprobs_are_not_returned_unless_requested(tmp_path):
    with serving(completes(CONTENT)) as server, asking(server, tmp_path) as llm:
        assert llm.run(llm.complete("is it?")).ending == ()
    assert "logprobs" not in server.seen[0]


def test_chat_request_uses_the_chat_parameters(tmp_path):
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
def test_refused_logprobs_are_omitted_from_later_requests(tmp_path, refusal):
    def behave(body):
        return fails(400, refusal) if "logprobs" in body else completes()

    with serving(behave) as server, asking(server, tmp_path) as llm:
        assert complete(llm).text == complete(llm, "and now?").text == "a reply"
    assert ["logprobs" in body for body in server.seen] == [True, False, False]
    assert {body["temperature"] for body in server.seen} == {0.0}  # nothing else is omitted


def test_403_that_names_logprobs_is_not_about_the_key(tmp_path):
    def behave(body):  # like OpenAI for its reasoning models
        forbidden = fails(403, "You are not allowed to request logprobs from this model")
        return forbidden if "logprobs" in body else completes()

    with serving(behave) as server, asking(server, tmp_path) as llm:
        assert complete(llm).text == complete(llm, "and now?").text == "a reply"
    assert ["logprobs" in body for body in server.seen] == [True, False, False]


def test_other_403_is_about_the_key(tmp_path):
    with (
        serving(fails(403, "This project has no access")) as server,
        asking(server, tmp_path) as llm,
        pytest.raises(ServerUnusable, match="API key"),
    ):
        complete(llm)
    assert len(server.seen) == 1


def test_logprobs_are_kept_after_an_unrelated_refusal(tmp_path):
    def behave(body):
        return fails(400, "refused content") if "poison" in str(body) else completes(CONTENT)

    with serving(behave) as server, asking(server, tmp_path) as llm:
        with pytest.raises(RequestFailed, match="refused content"):
            complete(llm, "poison")
        assert complete(llm).ending == TOKENS
    assert ["logprobs" in body for body in server.seen if CONTROL not in str(body)] == [True, False, True]


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
def test_malformed_logprobs_are_ignored(tmp_path, logprobs):
    with serving(completes(logprobs)) as server, asking(server, tmp_path) as llm:
        reply = complete(llm)
    assert (reply.text, reply.ending) == ("a reply", ())


@pytest.mark.parametrize(
    ("logprob", "read"),
    [
        (-math.inf, MIN_LOGPROB),
        (-(10**400), MIN_LOGPROB),
        (1e9, 0.0),
        (math.nan, None),
        ("-1", None),
        (None, None),
    ],
)
def test_logprobs_are_clamped_to_finite_values_up_to_zero(tmp_path, logprob, read):
    odd = {"tokens": ["a"], "token_logprobs": [logprob], "top_logprobs": [None]}
    with serving(completes(odd)) as server, asking(server, tmp_path) as llm:
        (token,) = complete(llm).ending
    assert token == ("a", {} if read is None else {"a": read})


def test_only_the_last_tokens_of_a_long_reply_are_kept(tmp_path):
    many = 3 * MAX_TOKENS
    long = {
        "tokens": [str(n) for n in range(many)],
        "token_logprobs": [-1.0] * many,
        "top_logprobs": [{}] * many,
    }
    with serving(completes(long)) as server, asking(server, tmp_path) as llm:
        ending = complete(llm).ending
    assert [token.text for token in ending] == [str(n) for n in range(many - MAX_TOKENS, many)]


def test_lone_surrogates_in_tokens_are_replaced(tmp_path):
    odd = {"tokens": ["\ud800"], "token_logprobs": [-1.0], "top_logprobs": [{"\udfff": -2.0}]}
    with serving(completes(odd)) as server, asking(server, tmp_path) as llm:
        assert complete(llm).ending == complete(llm).ending == (("?", {"?": -1.0}),)
