"""Replies that cannot be used: which get a second request, and what the row is told."""

import pytest

from gr_toolkit.errors import TooLong, UnusableReply
from loopback import Answer, asking, fails, says, serving, user

OK = says("fine")


def ask(llm, text="hello", **options):
    return llm.run(llm.ask(user(text), **options))


def test_request_longer_than_the_context_is_sent_again_with_fewer_tokens_for_the_reply(tmp_path):
    def behave(body):
        return OK if body["max_tokens"] == 25 else fails(400, "maximum context length is 9 tokens")

    with serving(behave) as server:
        for _ in range(2):
            with asking(server, tmp_path) as llm:
                assert ask(llm, max_tokens=100).text == "fine"
    assert [body["max_tokens"] for body in server.seen] == [100, 25]  # the second run found it in the cache


@pytest.mark.parametrize(("max_tokens", "sent"), [(100, [100, 25]), (3, [3])])
def test_request_longer_than_the_context_without_a_reply_fails(tmp_path, max_tokens, sent):
    with (
        serving(fails(400, "This model's maximum context length is 9 tokens")) as server,
        asking(server, tmp_path) as llm,
        pytest.raises(TooLong, match=r"HTTP 400: longer than the model's context"),
    ):
        ask(llm, max_tokens=max_tokens)
    assert [body["max_tokens"] for body in server.seen] == sent


def test_reply_that_is_cut_off_is_requested_again_with_more_tokens(tmp_path):
    def behave(body):
        return says("half", finish_reason="length") if body["max_tokens"] < 20 else OK

    with serving(behave) as server, asking(server, tmp_path) as llm:
        assert ask(llm, max_tokens=10).text == "fine"
    assert [body["max_tokens"] for body in server.seen] == [10, 20]


def test_reply_that_is_cut_off_twice_fails(tmp_path):
    with (
        serving(says("half", finish_reason="length")) as server,
        asking(server, tmp_path) as llm,
        pytest.raises(UnusableReply, match="cut off at max_tokens"),
    ):
        ask(llm, max_tokens=10)
    assert [body["max_tokens"] for body in server.seen] == [10, 20]


def test_partial_accepts_a_reply_that_is_cut_off(tmp_path):
    with serving(says("half", finish_reason="length")) as server, asking(server, tmp_path) as llm:
        reply = ask(llm, partial=True)
        assert (reply.text, reply.finish_reason) == ("half", "length")
        assert ask(llm, partial=True).cached
    assert len(server.seen) == 1


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Answer(body={"choices": [{"message": {"content": None, "refusal": "I won't"}}]}), "refused"),
        (says("", finish_reason="content_filter"), "filtered"),
        (says("half", finish_reason="SAFETY"), "filtered"),
    ],
)
def test_reply_that_is_refused_or_filtered_fails_after_one_request(tmp_path, reply, reason, partial):
    with (
        serving(reply) as server,
        asking(server, tmp_path) as llm,
        pytest.raises(UnusableReply, match=f"^{reason}$"),
    ):
        ask(llm, partial=partial)
    assert len(server.seen) == 1


def test_completion_with_a_problem_is_unusable(tmp_path):
    with serving(says("perhaps")) as server, asking(server, tmp_path) as llm:
        with pytest.raises(UnusableReply, match=r"^no decision: perhaps$"):
            llm.run(llm.complete("Is it?", problem=lambda text: f"no decision: {text}"))
        assert llm.run(llm.complete("Is it?", problem=lambda text: None)).text == "perhaps"
    assert len(server.seen) == 2  # the unusable reply was not cached
