"""Structured output: the schema asked for, the reply read back, one chance to mend it."""

import json
from enum import StrEnum

import pytest
from pydantic import BaseModel, Field

from gr_toolkit.errors import RequestFailed
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
    items: list[Item]


class City(BaseModel):
    city: str


GOOD = '{"city": "Paris"}'


def ask(llm, schema=City):
    return llm.run(llm.ask(user("capital?"), schema=schema))


def test_the_schema_is_strict():
    wanted = response_format(Items, limits=False)["json_schema"]
    assert (wanted["name"], wanted["strict"]) == ("Items", True)
    item = wanted["schema"]["$defs"]["Item"]
    assert item["required"] == ["question", "kind", "note"]
    assert item["additionalProperties"] is wanted["schema"]["additionalProperties"] is False
    assert item["properties"]["kind"] == {"$ref": "#/$defs/Kind"}
    assert "default" not in json.dumps(wanted)


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
def test_the_object_is_found_in_what_stands_around_it(text):
    assert parse(City, text) == City(city="Paris")


@pytest.mark.parametrize(
    "text", ["", "{" * 9_000, '{"a":' * 3_000, "[" * 50_000, '{"city": "\\ud800"}', "null"]
)
def test_no_text_breaks_the_reader(text):
    with pytest.raises(ValueError, match="validation error"):
        parse(City, text)


def test_a_schema_goes_out_and_an_instance_comes_back(tmp_path):
    with serving(says(GOOD)) as server, asking(server, tmp_path) as llm:
        assert ask(llm).parsed == City(city="Paris")
    assert server.seen[0]["response_format"] == response_format(City, limits=False)


@pytest.mark.parametrize("broken", ['{"city": "Par', '{"town": "Paris"}', "Paris", ""])
def test_one_round_of_repair(tmp_path, broken):
    with serving(says(broken), says(GOOD)) as server:
        with asking(server, tmp_path) as llm:
            assert ask(llm).parsed == City(city="Paris")
        with asking(server, tmp_path) as llm:
            assert ask(llm).parsed == City(city="Paris")
    assert len(server.seen) == 2  # the second run found both replies in the cache
    first, second, third = server.seen[1]["messages"]
    assert (first, second["role"]) == (user("capital?")[0], "assistant")
    assert second["content"] == broken or not broken
    assert "city" in third["content"] or "JSON" in third["content"]


def test_after_the_repair_it_is_a_failure_with_its_reason(tmp_path):
    with (
        serving(says('{"town": 1}')) as server,
        asking(server, tmp_path) as llm,
        pytest.raises(RequestFailed, match="not valid JSON for City: city: Field required"),
    ):
        ask(llm)
    assert len(server.seen) == 2
    assert llm.usage.failed == 1


def test_what_is_cut_off_is_said_to_be_and_not_asked_again(tmp_path):
    with (
        serving(says('{"city": "Par', finish_reason="length")) as server,
        asking(server, tmp_path) as llm,
        pytest.raises(RequestFailed, match="not valid JSON for City, cut off at max_tokens"),
    ):
        ask(llm)
    assert len(server.seen) == 1


def without_schemas(body):
    return fails(400, "unknown field") if "response_format" in body else says(GOOD)


def test_a_server_without_schemas_gets_it_in_the_prompt(tmp_path):
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


def test_a_request_that_is_bad_anyway_does_not_cost_the_others_their_schema(tmp_path):
    def behave(body):
        return fails(400, "refused") if "evil" in str(body["messages"]) else says(GOOD)

    with serving(behave) as server, asking(server, tmp_path) as llm:
        with pytest.raises(RequestFailed, match="HTTP 400: refused"):
            llm.run(llm.ask(user("evil"), schema=City))
        assert ask(llm).parsed == City(city="Paris")
        assert llm.honours_schemas
    assert "response_format" in server.seen[-1]


def test_a_refusal_to_answer_is_no_crash(tmp_path):
    empty = Answer(body={"choices": [{"message": {"content": None}, "finish_reason": "content_filter"}]})
    with serving(empty) as server, asking(server, tmp_path) as llm:
        assert llm.run(llm.ask(user("x"))).finish_reason == "content_filter"
        with pytest.raises(RequestFailed, match="not valid JSON"):
            ask(llm)
