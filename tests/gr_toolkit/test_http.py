"""Parsing the Retry-After header."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from gr_toolkit.http import retry_after


@pytest.mark.parametrize("text", ["", "soon", "-5", "nan", "inf", "Mon, 99 Nov 2026 10:00:00 GMT"])
def test_value_that_is_neither_number_nor_date_is_none(text):
    assert retry_after(text) is None


def test_number_is_seconds():
    assert retry_after("120") == 120
    assert retry_after("0.4") == 0.4


def test_date_is_converted_to_seconds_from_now():
    assert 3_000 < retry_after(formatdate(time.time() + 3_600, usegmt=True)) <= 3_600
    assert retry_after(formatdate(0, usegmt=True)) == 0
