"""Which replies are usable, and which second request may get a usable one."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, Field

from gr_toolkit.llm.messages import Reply
from gr_toolkit.llm.requests.usable import (
    Unusable,
    complete_items,
    read_json,
    read_text,
    second_request,
    shorter_request,
)
from loopback import user

BODY = {"model": "m", "temperature": 0.0, "max_tokens": 100, "messages": user("capital?")}


class City(BaseModel):
    city: str


class Cities(BaseModel):
    cities: list[City] = Field(min_length=1)


class Country(BaseModel):
    name: str
    cities: list[City]


def reply(text: str, finish_reason: str = "stop") -> Reply[None]:
    return Reply(text, None, finish_reason, 1, 1)


def problem_of(read, *arguments, **options) -> Unusable:
    with pytest.raises(Unusable) as raised:
        read(*arguments, **options)
    return raised.value


def test_complete_text_is_usable():
    assert read_text(reply("fine")) == reply("fine")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (reply("I will not.", "refusal"), "refused"),
        (reply("", "refusal"), "refused"),
        (reply("half", "content_filter"), "filtered"),
        (reply("half", "length"), "cut off at max_tokens"),
        (reply("", "length"), "cut off at max_tokens"),
        (reply(" \n"), "empty reply"),
    ],
)
def test_text_is_unusable_for_a_reason(bad, reason):
    assert str(problem_of(read_text, bad)) == reason


@pytest.mark.parametrize("part", [reply("half", "length"), reply("", "length"), reply("")])
def test_partial_text_is_usable_on_request(part):
    assert read_text(part, partial=True) == part


@pytest.mark.parametrize(
    ("finish_reason", "reason"), [("refusal", "refused"), ("content_filter", "filtered")]
)
def test_refused_and_filtered_texts_are_unusable_even_if_partial(finish_reason, reason):
    assert str(problem_of(read_text, reply("half", finish_reason), partial=True)) == reason


@pytest.mark.parametrize("finish_reason", ["stop", "length"])
def test_complete_json_is_usable_even_at_the_limit(finish_reason):
    read = read_json(City, reply('{"city": "Paris"} and', finish_reason))
    assert (read.parsed, read.finish_reason) == (City(city="Paris"), "stop")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (reply('{"city": "Par', "length"), "cut off at max_tokens"),
        (reply(""), "empty reply"),
        (reply('{"city": "Paris"}', "refusal"), "refused"),
        (reply('{"city": "Paris"}', "content_filter"), "filtered"),
    ],
)
def test_json_is_unusable_for_the_same_reasons_as_text(bad, reason):
    problem = problem_of(read_json, City, bad)
    assert (str(problem), problem.error) == (reason, None)


def test_json_of_another_schema_is_unusable_with_the_error():
    problem = problem_of(read_json, City, reply('{"town": 1}'))
    assert str(problem) == "not valid JSON for City: city: Field required"
    assert problem.error is not None


@pytest.mark.parametrize(
    ("text", "cities"),
    [
        ('{"cities": [{"city": "Rome"}, {"city": "Par', ["Rome"]),
        ('{"cities": [{"city": "Rome"}, {"city": "Paris"}', ["Rome", "Paris"]),
        ('{"cities": [{"city": "Rome"}, {"city": "Paris"},', ["Rome", "Paris"]),
        ('{"cities": [{"city": "Rome"}]', ["Rome"]),
        ('```json\n{\n  "cities" : [\n    {"city": "a ] } , b"},\n    {', ["a ] } , b"]),
        ('{"cities": [{"city": "tab\there"}, {"ci', ["tab\there"]),
    ],
)
def test_complete_items_of_a_list_that_is_cut_off_are_kept(text, cities):
    kept = complete_items(Cities, reply(text, "length"))
    assert kept is not None
    assert [city.city for city in kept.parsed.cities] == cities
    assert (kept.text, kept.finish_reason) == (text, "length")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Here are some cities",
        '{"cities": [',
        '{"cities": [{"city": "Rom',
        '{"towns": [{"city": "Rome"}, {"ci',
        '{"cities": [{"town": "Rome"}, {"ci',
        '{"cities": "[',
        '{"cities": ' + "[" * 50_000,
    ],
)
def test_list_without_a_complete_item_yields_nothing(text):
    assert complete_items(Cities, reply(text, "length")) is None


def test_only_a_list_that_is_cut_off_yields_its_items():
    assert complete_items(Cities, reply('{"cities": [{"city": "Rome"}, {"ci', "stop")) is None
    assert complete_items(Country, reply('{"name": "x", "cities": [{"city": "a"}, {', "length")) is None
    assert complete_items(City, reply('{"city": "Rome', "length")) is None


def test_second_request_after_a_reply_that_is_cut_off_has_twice_the_tokens():
    cut_off = reply("half", "length")
    again = second_request(BODY, cut_off, problem_of(read_text, cut_off))
    assert again == BODY | {"max_tokens": 200}


def test_second_request_after_invalid_json_asks_for_a_repair():
    invalid = reply('{"town": 1}')
    again = second_request(BODY, invalid, problem_of(read_json, City, invalid))
    assert again is not None
    *asked, answered, request = again.pop("messages")
    assert asked == BODY["messages"]
    assert answered == {"role": "assistant", "content": '{"town": 1}'}
    assert "city: Field required" in request["content"]
    assert again == {name: value for name, value in BODY.items() if name != "messages"}


@pytest.mark.parametrize("bad", [reply("no", "refusal"), reply("half", "content_filter"), reply("")])
def test_no_second_request_after_a_reply_that_is_refused_filtered_or_empty(bad):
    assert second_request(BODY, bad, problem_of(read_text, bad)) is None


def test_shorter_request_has_a_quarter_of_the_tokens():
    assert shorter_request(BODY) == BODY | {"max_tokens": 25}
    assert shorter_request(BODY | {"max_tokens": 3}) is None
