"""A page's title, language and licence, and which of several authors and dates is used (about.py)."""

from __future__ import annotations

import json

import pytest

from crawl.text.about import MAX_NAME, author_of, date_of, iso_date, language_of, license_of, title_of
from crawl.text.tree import parse

BY = "https://creativecommons.org/licenses/by/4.0/"
GERMAN = "Die Energie wird weder erzeugt noch vernichtet, sie ändert nur ihre Form. "


def page(head="", body="<p>text</p>", root="<html>"):
    return parse(f"{root}<head>{head}</head><body>{body}</body></html>")


def json_ld(*values):
    return "".join(f'<script type="application/ld+json">{json.dumps(value)}</script>' for value in values)


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        ("<title>A\n  title</title>", "<h1>Heading</h1>", "A title"),
        ("", "<h1>First</h1><h1>Second</h1>", "First"),
        ("", "<svg><title>A drawing</title></svg><h1>Heading</h1>", "Heading"),
        ("", "<svg><title>A drawing</title></svg>", None),
        ("<title> </title>", "<h1>Heading</h1>", None),
        ("", "<h2>Part</h2>", None),
    ],
)
def test_the_title_element_comes_before_the_first_heading(head, body, title):
    assert title_of(page(head, body)) == title


@pytest.mark.parametrize(
    ("root", "language"),
    [
        ("<html lang=en>", "en"),
        ("<html lang=EN-us>", "en"),
        ("<html lang='pt_BR'>", "pt"),
        ("<html lang=' haw '>", "haw"),
        ("<html xml:lang=fr>", "fr"),
        ("<html lang=en xml:lang=fr>", "en"),
        ("<html lang=english>", "de"),
        ("<html lang=e>", "de"),
        ("<html lang=''>", "de"),
        ("<html>", "de"),
    ],
)
def test_a_declared_language_is_used_if_it_is_a_language_tag(root, language):
    assert language_of(page(root=root), GERMAN) == language


def test_the_language_of_the_root_element_is_used_below_it():
    (paragraph,) = page(root="<html lang=en>").iter("p")
    assert language_of(paragraph, GERMAN) == "en"


def test_the_language_of_a_short_text_is_not_detected():
    assert language_of(page(), GERMAN[:19]) is None
    assert language_of(page(), GERMAN[:20]) is not None


def test_the_language_is_detected_from_the_start_of_a_long_text():
    english = "Energy is neither made nor lost, it only changes its form in a closed system. "
    assert language_of(page(), GERMAN * 100 + english * 1000) == "de"


@pytest.mark.parametrize(
    ("markup", "license"),
    [
        (f"<link rel='license nofollow' href='{BY}'>", "CC BY 4.0"),
        (f"<a rel='nofollow license' href='{BY}'>x</a>", "CC BY 4.0"),
        ("<a rel='licenses' href='/terms'>x</a>", None),
        (f"<span itemprop=license content='{BY}'></span>", "CC BY 4.0"),
        (f"<a itemprop=license href='{BY}'>x</a>", "CC BY 4.0"),
        (f"<meta name='dcterms.license' content='{BY}'>", "CC BY 4.0"),
        ("<meta name='dc.rights' content=' All rights reserved '>", "All rights reserved"),
        (json_ld({"license": {"url": BY}}), "CC BY 4.0"),
        (f"<a href='{BY}'>x</a>", "CC BY 4.0"),
        (f"<a href='{BY.upper()}'>x</a>", None),
        (f"<link rel=license href='{BY.upper()}'>", "CC BY 4.0"),
        ("<a href='https://creativecommons.org/licenses/by-nc-sa/3.0/de/'>x</a>", "CC BY-NC-SA 3.0"),
        ("<a href='https://creativecommons.org/licenses/by/'>x</a>", "CC BY"),
        ("<a href='https://creativecommons.org/about/'>x</a>", None),
        ("<a href='https://creativecommons.org/publicdomain/mark/1.0/'>x</a>", "Public Domain"),
        ("<link rel=license href='https://creativecommons.org/PublicDomain/Zero/1.0/'>", "CC0 1.0"),
        (f"<link rel=license href='/terms'><a href='{BY}'>x</a>", "CC BY 4.0"),
        (f"<a href='{BY}'>x</a><link rel=license href='{BY.replace('by', 'by-sa')}'>", "CC BY-SA 4.0"),
        ("<link rel=license href=' '><link rel=license href='/terms'>", "/terms"),
    ],
)
def test_licences(markup, license):
    assert license_of(page(body=markup)) == license


@pytest.mark.parametrize(
    ("head", "author"),
    [
        (f"<meta name=author content='{'x' * MAX_NAME}'>", "x" * MAX_NAME),
        (f"<meta name=author content='{'x' * (MAX_NAME + 1)}'>", None),
        (json_ld({"author": ["Ada", "Bob", "Ada"]}), "Ada, Bob"),
        (json_ld({"author": ["https://e.org/ada", "Ada"]}), "Ada"),
        (json_ld({"author": {"url": "x"}, "creator": "Ada"}), "Ada"),
        (json_ld({"author": " "}, {"author": "Ada"}), "Ada"),
        (json_ld({"creator": "Bob", "author": "Ada"}), "Ada"),
        (json_ld({"author": 5}), None),
        (json_ld({"@type": "Comment", "author": "Eve"}), None),
        (json_ld({"@type": ["Review", "Thing"], "author": "Eve"}), None),
        (json_ld({"author": "Ada"}) + "<meta name=author content=Bob>", "Ada"),
        (json_ld({"author": "https://e.org/ada"}) + "<meta name=author content=Bob>", "Bob"),
        ("<meta name='dc.creator' content=Bob><meta name=author content=Ada>", "Ada"),
        ("<meta name=author content=' '><meta name='dcterms.creator' content=Ada>", "Ada"),
        ("<meta property='og:title' content=Bob>", None),
    ],
)
def test_the_first_reliable_author_is_used(head, author):
    assert author_of(page(head)) == author


@pytest.mark.parametrize(
    ("body", "author"),
    [
        ("<b itemprop=author>Ada</b><b itemprop=author>Bob</b>", "Ada"),
        ("<b itemprop=author content='Ada'>by Ada, 3 points</b>", "Ada"),
        ("<b itemprop=creator>Ada</b>", "Ada"),
        ("<div itemtype='https://schema.org/Comment'><b itemprop=author>Eve</b></div>", None),
        ("<div itemtype='https://schema.org/Review'><b itemprop=author>Eve</b></div>", None),
        ("<b itemprop=author>Ada</b><a rel=author href=/bob>Bob</a>", "Ada"),
        ("<a rel=author href=/ada> Ada\n L. </a>", "Ada L."),
    ],
)
def test_the_author_in_the_body(body, author):
    assert author_of(page(body=body)) == author


@pytest.mark.parametrize(
    ("head", "body", "date"),
    [
        (json_ld({"dateCreated": "2023-01-01", "datePublished": "2024-01-01"}), "", "2024-01-01"),
        (json_ld({"uploadDate": "2024-01-02"}), "", "2024-01-02"),
        (json_ld({"datePublished": "soon"}) + "<meta name=date content=2024-01-03>", "", "2024-01-03"),
        (json_ld({"datePublished": "2024-01-01"}) + "<meta name=date content=2020-01-01>", "", "2024-01-01"),
        ("<meta name=date content=2024-01-04>", "<time pubdate datetime=2020-01-01>", "2024-01-04"),
        ("", "<i itemprop=datePublished content=2024-01-05 datetime=2020-01-01>x</i>", "2024-01-05"),
        ("", "<i itemprop=datePublished>2024-01-06</i>", "2024-01-06"),
        ("", "<time pubdate datetime=2024-01-07>", "2024-01-07"),
        ("", "<time datetime=2024-01-08>", None),
    ],
)
def test_the_first_valid_date_is_used(head, body, date):
    assert date_of(page(head, body)) == date


@pytest.mark.parametrize(
    ("text", "date"),
    [
        (" 2024-5-6", "2024-05-06"),
        ("2024.05.06", "2024-05-06"),
        ("2024-05-06T07:08", "2024-05-06"),
        ("2024-05-067", None),
        ("on 2024-05-06", None),
        ("06 May 2024", None),
        ("Mon, 6 May 2024 07:08:09 +0200", "2024-05-06"),
        ("Mon, 32 May 2024 07:08:09 GMT", None),
    ],
)
def test_iso_date_accepts_separators_and_mail_dates(text, date):
    assert iso_date(text) == date
