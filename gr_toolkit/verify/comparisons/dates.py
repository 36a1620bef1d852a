"""Compares dates, months, years with an era, and times of day."""

from __future__ import annotations

import re
from calendar import monthrange

MAX_LENGTH = 60  # characters

# (year, month, day) or (hour, minute, second); None for a part that is not written.
Moment = tuple[int | None, int | None, int | None]

MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec"
MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
YEAR = r"(?P<year>\d{3,4})(?: (?P<era>bce?|ce|ad))?"
WRITTEN = [
    re.compile(pattern)
    for pattern in (
        rf"{MONTH} {DAY}(?:,? {YEAR})?",
        rf"{DAY}(?: of)? {MONTH}(?:,? {YEAR})?",
        rf"{MONTH}(?:,| of)? {YEAR}",
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})",
        r"(?P<era>ad) (?P<year>\d{1,4})",
        r"(?P<year>\d{1,4}) (?P<era>bce?|ce|ad)",
        r"(?P<year>1\d{3}|20\d\d)",
    )
]
NUMERIC = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
BARE_YEAR = re.compile(r"\d+")
LEAD = re.compile(
    r"^(?:(?:on|in|at) )?(?:the )?(?:(?:year|month of) )?(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? )?"
)
CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d)(?::(?P<second>\d\d))?)?(?: (?P<half>[ap])m| (?P<sharp>o'clock))?"
)
ASKS_FOR_TIME = re.compile(
    r"\b(?:what|which) (?:time|hour)\b(?:,? in (?:the )?(?P<half>[ap]\.?m\b|morning|afternoon|evening))?",
    re.IGNORECASE,
)
BARE_HOUR = re.compile(r"\d\d?")
TWELVE_HOURS = re.compile(r"(?:[1-9]|1[0-2])(?::\d\d){1,2}")
NAMED_TIMES: dict[str, Moment] = {"noon": (12, 0, None), "midday": (12, 0, None), "midnight": (0, 0, None)}


def compare_dates(reference: str, answer: str, question: str = "") -> bool | None:
    """Return whether both are the same date or time; None if undecided, or if the answer is less exact.

    A date such as 03/04/2020 or a time such as 6:00 has two readings. The result is False only if the two
    texts have no reading in common. If the question asks for a time, a number is an hour.
    """
    if max(len(reference), len(answer)) > MAX_LENGTH:
        return None
    gold, given = _plain(reference), _plain(answer)
    if BARE_YEAR.fullmatch(gold) and BARE_YEAR.fullmatch(given):  # may be just two numbers
        return None
    if (dates := _dates(gold)) and (other_dates := _dates(given)):
        return _agree(dates, other_dates)
    if asked := ASKS_FOR_TIME.search(question):
        gold, given = (_with_half(text, (asked["half"] or "").casefold()) for text in (gold, given))
    if not (times := _times(gold)) or not (other_times := _times(given)):
        return None
    return None if _same_ratio(gold, given) else _agree(times, other_times)


def _with_half(text: str, half: str) -> str:
    """Return an hour as a time, in the half of the day that the question names: 2 is 2:00, or 2:00 pm."""
    text = f"{text}:00" if BARE_HOUR.fullmatch(text) else text
    if not half or not TWELVE_HOURS.fullmatch(text):
        return text
    return f"{text} {'am' if half[0] == 'm' or half in ('am', 'a.m') else 'pm'}"


def _agree(gold: list[Moment], given: list[Moment]) -> bool | None:
    if len(gold) > 1 and gold == given:  # ambiguous in the same way, so taken as the same
        return True
    agreements = {_same(one, other) for one in gold for other in given}
    return agreements.pop() if len(agreements) == 1 else None


def _same(gold: Moment, given: Moment) -> bool | None:
    """Compare two moments: False if they contradict each other, None if the answer is less exact."""
    pairs = list(zip(gold, given, strict=True))
    if any(one != other for one, other in pairs if one is not None and other is not None):
        return False
    if any(one is not None and other is None for one, other in pairs):
        return None
    finer = any(one is None and other is not None for one, other in pairs)
    # "5 May 1960" matches the reference "1960"; whether it matches "5 May" is undecided.
    return True if not finer or (gold[0] is not None and gold[2] is None) else None


def _plain(text: str) -> str:
    text = re.sub(r"\\text\s*|[{}$*\\]|[.!]+$", "", text).casefold().replace("’", "'")
    text = re.sub(r"\b([ap])\.?\s?m\b\.?", r"\1m", re.sub(r"\b([abc])\.\s?([cde])\b\.?", r"\1\2", text))
    text = re.sub(r"(?<=\d)(am|pm)\b", r" \1", re.sub(r"\s*,\s*", ", ", text))
    return LEAD.sub("", " ".join(text.split()))


def _dates(text: str) -> list[Moment]:
    """The possible readings of the whole text as a date."""
    if numeric := NUMERIC.fullmatch(text):
        one, other, in_year = (int(number) for number in numeric.groups())
        return [reading for reading in ((in_year, one, other), (in_year, other, one)) if _exists(*reading)]
    for pattern in WRITTEN:
        if match := pattern.fullmatch(text):
            parts = match.groupdict()
            year = int(parts["year"]) if parts.get("year") else None
            if year is not None and (parts.get("era") or "").startswith("bc"):
                year = -year
            month, day = _month(parts.get("month")), int(parts["day"]) if parts.get("day") else None
            return [(year, month, day)] if _exists(year, month, day) else []
    return []


def _month(written: str | None) -> int | None:
    if written is None or written.isdigit():
        return None if written is None else int(written)
    return MONTHS.index(written[:3]) // 3 + 1


def _exists(year: int | None, month: int | None, day: int | None) -> bool:
    if month is None:
        return True
    leap_or_not = year if year is not None and year > 0 else 2000
    return 1 <= month <= 12 and (day is None or 1 <= day <= monthrange(leap_or_not, month)[1])


def _times(text: str) -> list[Moment]:
    """The possible readings of the whole text as a time of day: 6:00 is morning or evening."""
    if text in NAMED_TIMES:
        return [NAMED_TIMES[text]]
    match = CLOCK.fullmatch(text)
    if match is None or not (match["minute"] or match["half"] or match["sharp"]):
        return []
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    second = int(match["second"]) if match["second"] else None
    if hour > (12 if match["half"] else 23) or minute > 59 or (second or 0) > 59:
        return []
    if match["half"]:
        hours = [hour % 12 + (12 if match["half"] == "p" else 0)] if hour else []
    else:
        hours = [hour] if hour > 12 or match["hour"].startswith("0") else [hour % 12, hour % 12 + 12]
    return [(hour, minute, second) for hour in hours]


def _same_ratio(gold: str, given: str) -> bool:
    """Whether two different texts are equal as ratios: 10:15 and 20:30 are two times, but one ratio."""
    ratios = [re.fullmatch(r"(\d+):(\d+)", text) for text in (gold, given)]
    if ratios[0] is None or ratios[1] is None or ratios[0].group() == ratios[1].group():
        return False
    (a, b), (c, d) = (tuple(int(number) for number in ratio.groups()) for ratio in ratios if ratio)
    return a * d == b * c != 0
