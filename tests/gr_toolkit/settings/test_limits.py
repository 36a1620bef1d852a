"""Values that no command could use are refused when the settings are loaded, with one line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from gr_toolkit.errors import UsageError
from gr_toolkit.settings import Settings, load_settings
from gr_toolkit.settings.section import LARGEST


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty working folder, without GR_ variables."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("GR_")]:
        monkeypatch.delenv(name)


def message(**flags: object) -> str:
    """The one line with which these flags are refused."""
    with pytest.raises(UsageError) as refused:
        load_settings(**flags)
    assert refused.value.exit_code == 2
    assert "\n" not in str(refused.value)
    return str(refused.value)


def numbers(section: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every setting that is a number."""
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from numbers(field.annotation, (*above, name))
        elif field.annotation in (int, float, int | None, float | None):
            yield (*above, name)


def with_value(path: tuple[str, ...], value: object) -> dict[str, object]:
    for name in reversed(path):
        value = {name: value}
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("value", ["inf", "-inf", "nan", float("inf"), float("nan"), 10**22, 2**63, 1e300])
def test_every_number_is_finite_and_small_enough_for_64_bits(value):
    paths = list(numbers(Settings))
    assert {("workers",), ("crawl", "delay"), ("llm", "judge", "timeout"), ("train", "seed")} <= set(paths)
    for path in paths:
        assert f"{'.'.join(path)} = " in message(**with_value(path, value))


def test_the_largest_number_is_named():
    assert message(crawl={"max_depth": 10**22}) == (
        f"the command line: crawl.max_depth = {10**22}: must be at most {LARGEST}"
    )
    assert load_settings(crawl={"max_depth": LARGEST}).crawl.max_depth == LARGEST


@pytest.mark.parametrize("source", ["file", "environment"])
def test_a_number_of_the_file_or_the_environment_is_refused_too(monkeypatch, source):
    if source == "file":
        Path("gr.toml").write_text("[llm]\nmax_cost_usd = nan")
        assert message() == "gr.toml: llm.max_cost_usd = nan: input should be a finite number"
    else:
        monkeypatch.setenv("GR_LLM__MAX_COST_USD", "-inf")
        assert "the environment: llm.max_cost_usd = '-inf': input should be" in message()


@pytest.mark.parametrize("name", ["allow", "deny"])
@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "missing ), unterminated subpattern"),
        ("a{99999999999}", "the repetition number is too large"),
        ("(" * 5000, "maximum recursion depth exceeded"),
    ],
)
def test_a_pattern_that_does_not_compile_is_refused(name, pattern, why):
    refused = message(crawl={name: ["fine", pattern]})
    assert refused.startswith(f"the command line: crawl.{name}.1 = ")
    assert f"is not a regular expression: {why}" in refused


@pytest.mark.parametrize("part", ["0/3", "3/0", "1/", "a/b", "-1/3", "1/3/5", "٣/٤", f"1/{10**22}"])
def test_a_part_that_is_none_is_refused(part):
    assert message(crawl={"part": part}).endswith("must be a part and the number of parts, such as 3/16")


def test_a_part_beyond_the_last_one_is_refused():
    expected = "the command line: crawl.part = '5/3': does not exist; the last of 3 parts is 3/3"
    assert message(crawl={"part": "5/3"}) == expected
    assert load_settings(crawl={"part": "3/3"}).crawl.part == "3/3"


@pytest.mark.parametrize("age", ["99999999999d", "9" * 400 + "s", "-1d", "infd", "1e9d", "٣d"])
def test_an_age_that_no_clock_can_hold_is_refused(age):
    assert "must be a number of up to 9 digits" in message(crawl={"refetch_after": age})


def test_pass_rates_that_keep_no_question_are_refused():
    assert message(curate={"min_pass_rate": 0.9, "max_pass_rate": 0.2}) == (
        "the command line: curate: min_pass_rate = 0.9 is not below max_pass_rate = 0.2, "
        "so no question would be kept"
    )
    assert "min_pass_rate = 0.5 is not below" in message(curate={"min_pass_rate": 0.5, "max_pass_rate": 0.5})
    assert "min_pass_rate = 1.0 is not below" in message(curate={"min_pass_rate": 1})
    assert load_settings(curate={"min_pass_rate": 0.2, "max_pass_rate": 0.9}).curate.max_pass_rate == 0.9


def test_a_single_sample_is_refused_because_it_keeps_no_question():
    assert "with samples = 1 every question is never or always solved" in message(curate={"samples": 1})


@pytest.mark.parametrize("rates", [{"min_pass_rate": 0.9, "max_pass_rate": 0.2}, {"samples": 1}])
def test_any_pass_rate_permits_every_range(rates):
    assert load_settings(curate={**rates, "any_pass_rate": True}).curate.any_pass_rate


def test_a_value_of_another_type_is_named_and_not_the_pair():
    assert "curate.min_pass_rate = 'x'" in message(curate={"min_pass_rate": "x", "max_pass_rate": 0})


@pytest.mark.parametrize("data", ["memory://", "memory://run"])
def test_a_data_folder_in_memory_is_refused(data):
    assert f"data = {data!r}: keeps nothing after the command" in message(data=data)
