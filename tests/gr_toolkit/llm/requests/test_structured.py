"""Structured output: the requested schema, the parsed reply, and one attempt at repair."""

import json
from enum import StrEnum

import pytest
from pydantic import BaseModel, Field

from gr_toolkit.errors import RequestFailed, UnusableReply
from gr_toolkit.llm.requests.structured import parse, response_format
from loopback import Answer, asking, fails, says, serving, user


class Kind(StrEnum):
    NUMBER = "number"
    WORD = "word"


class Item(BaseModel):
    question: str
    kind: Kind = Field(Kind.WORD, description="of the answer")
    note: str | None = None


class Items(BaseModel):
    """A docstring, which the request leaves out."""

    items: list[Item]


class City(BaseModel):
    city: str


GOOD = '{"city": "Paris"}'


def ask(llm, schema=City):
    return llm.run(llm.ask(user("capital?"), schema=schema))


def test_schema_is_strict():
    wanted = response_format(Items, limits=False)["json_schema"]
    assert (wanted["name"], wanted["strict"]) == ("Items", True)
    item = wanted["schema"]["$defs"]["Item"]
    assert item["required"] == ["question", "kind", "note"]
    assert item["additionalProperties"] is wanted["schema"]["additionalProperties"] is False
    assert item["properties"]["kind"] == {"$ref": "#/$defs/Kind"}
    assert not [
        word for word in ("default", "title", "description", "docstring") if word in json.dumps(wanted)
    ]


def test_format_of_a_schema_is_made_only_once():
    assert response_format(Items, limits=False) is response_format(Items, limits=False)
    assert response_format(Items, limits=True) != response_format(City, limits=True)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Sure! Here it is: {GOOD} Anything else?",
        f'<think>perhaps {{"city": "Rome"}}?</think>{GOOD}',
        f'{{"other": 1}} or rather {GOOD}',
        f"set notation {{x, y}} and {GOOD}",
    ],
)
def test_object_is_found_within_other_text(text):
    assert parse(City, text) == City(city="Paris")


@pytest.mark.parametrize(
    "text", ["", "{" * 9_000, '{"a":' * 3_000, "[" * 50_000, '{"city": "\\ud800"}', "null"]
)
def test_malformed_text_raises_a_validation_error(text):
    with pytest.raises(ValueError, match="validation error"):
        parse(City, text)


def test_reply_is_parsed_into_the_requested_schema(tmp_path):
    with serving(says(GOOD)) as server, asking(server, tmp_path) as llm:
        assert ask(llm).parsed == City(city="Paris")
    assert server.seen[0]["response_format"] == response_format(City, limits=False)


@pytest.mark.parametrize("broken", ['{"city": "Par', '{"town": "Paris"}', "Paris"])
def test_invalid_reply_is_repaired_once(tmp_path, broken):
    with serving(says(broken), says(GOOD)) as server:
        with asking(server, tmp_path) as llm:
            assert ask(llm).parsed == City(city="Paris")
        with asking(server, tmp_path) as llm:
            assert ask(llm).parsed == City(city="Paris")
            assert llm.usage.cached == 1
    assert len(server.seen) == 2  # the second run found the repaired reply in the cache
    first, second, third = server.seen[1]["messages"]
    assert (first, second["role"]) == (user("capital?")[0], "assistant")
    assert second["content"] == broken
    assert "city" in third["content"] or "JSON" in third["content"]


def test_reply_still_invalid_after_repair_fails(tmp_path):
    with (
        serving(says('{"town": 1}')) as server,
        asking(server, tmp_path) as llm,
        pytest.raises(UnusableReply, match="not valid JSON for City: city: Field required"),
    ):
        ask(llm)
    assert len(server.seen) == 2


def test_truncated_reply_is_requested_again_with_more_tokens_and_without_repair(tmp_path):
    with (
        serving(says('{"city": "Par', finish_reason="length")) as server,
        asking(server, tmp_path) as llm,
        pytest.raises(UnusableReply, match="cut off at max_tokens"),
    ):
        ask(llm)
    assert [body["max_tokens"] for body in server.seen] == [1024, 2048]
    assert server.prompts == ["capital?"] * 2


def test_complete_object_at_the_limit_needs_no_second_request(tmp_path):
    with (
        serving(says(f"{GOOD} and more", finish_reason="length")) as server,
        asking(server, tmp_path) as llm,
    ):
        reply = ask(llm)
        assert ask(llm).cached
    assert (reply.parsed, reply.finish_reason) == (City(city="Paris"), "stop")
    assert len(server.seen) == 1


ITEM = '{"question": "q", "kind": "word", "note": null}'


def test_list_that_is_cut_off_twice_yields_its_complete_items_and_is_not_cached(tmp_path):
    def behave(body):
        items = ", ".join([ITEM] * (2 if body["max_tokens"] == 1024 else 3))
        return says(f'{{"items": [{items}, {ITEM[:-9]}', finish_reason="length")

    with serving(behave) as server, asking(server, tmp_path) as llm:
        reply = ask(llm, Items)
        assert not ask(llm, Items).cached
    assert reply.parsed == Items(items=[Item(question="q")] * 3)
    assert reply.finish_reason == "length"
    assert [body["max_tokens"] for body in server.seen] == [1024, 2048] * 2


def test_second_request_for_a_list_that_fails_keeps_the_items_of_the_first(tmp_path):
    cut_off = says(f'{{"items": [{ITEM}, ', finish_reason="length")
    with serving(cut_off, fails(400, "no")) as server, asking(server, tmp_path) as llm:
        reply = ask(llm, Items)
    assert (len(reply.parsed.items), reply.finish_reason) == (1, "length")


def without_schemas(body):
    return fails(400, "unknown field") if "response_format" in body else says(GOOD)


def test_server_without_schemas_gets_the_schema_in_the_prompt(tmp_path):
    with serving(without_schemas) as server:
        with asking(server, tmp_path) as llm:
            assert ask(llm).parsed == City(city="Paris")
            assert not llm.honours_schemas
            llm.run(llm.ask(user("another"), schema=City))
        with asking(server, tmp_path) as llm:
            assert ask(llm).cached
    assert ["response_format" in body for body in server.seen] == [True, False, False]
    assert "JSON schema" in server.prompts[1]
    assert '"additionalProperties": false' in server.prompts[1]
    assert len(server.seen[1]["messages"]) == 1


def test_unrelated_refusal_keeps_response_format_for_other_requests(tmp_path):
    def behave(body):
        return fails(400, "refused") if "evil" in str(body["messages"]) else says(GOOD)

    with serving(behave) as server, asking(server, tmp_path) as llm:
        with pytest.raises(RequestFailed, match="HTTP 400: refused"):
            llm.run(llm.ask(user("evil"), schema=City))
        assert ask(llm).parsed == City(city="Paris")
        assert llm.honours_schemas
    assert "response_format" in server.seen[-1]


def test_empty_reply_of_a_content_filter_fails_without_a_second_request(tmp_path):
    empty = Answer(body={"choices": [{"message": {"content": None}, "finish_reason": "content_filter"}]})
    with serving(empty) as server, asking(server, tmp_path) as llm:
        with pytest.raises(UnusableReply, match=r"^filtered$"):
            llm.run(llm.ask(user("x")))
        with pytest.raises(UnusableReply, match=r"^filtered$"):
            ask(llm)
    assert len(server.seen) == 2
