"""Author, date and licence of a page. Title, language and other licences are tested in test_extract.py."""

import json

import pytest

from crawl.text.about import author_of, date_of, iso_date, license_of
from crawl.text.tree import parse


def page(head="", body="<p>text</p>"):
    return parse(f"<html><head>{head}</head><body>{body}</body></html>")


def json_ld(value):
    return f'<script type="application/ld+json">{json.dumps(value)}</script>'


ANSWER = {"@type": "Answer", "author": {"name": "Eve"}, "datePublished": "2022-02-02"}
ARTICLE = {
    "@type": "Article",
    "author": [{"name": "Ada"}, {"name": "Bob"}],
    "datePublished": "2024-05-06T07:08:09Z",
}


@pytest.mark.parametrize(
    ("head", "author", "date"),
    [
        (json_ld(ARTICLE), "Ada, Bob", "2024-05-06"),
        (json_ld({"@graph": [{"@type": "WebSite"}, {**ARTICLE, "author": "Ada"}]}), "Ada", "2024-05-06"),
        (
            json_ld({"@type": "QAPage", "mainEntity": {"@type": "Question", "acceptedAnswer": ANSWER}}),
            None,
            None,
        ),
        ('<meta name="Author" content=" Ada\n Lovelace ">', "Ada Lovelace", None),
        ('<meta property="article:author" content="https://e.org/ada">', None, None),
        ('<meta name="citation_author" content="A"><meta name="citation_author" content="B">', "A, B", None),
        ('<meta property="article:published_time" content="2024-05-06T00:00:00+02:00">', None, "2024-05-06"),
        ('<meta name="citation_date" content="2024/5/6">', None, "2024-05-06"),
        ('<meta name="author" content=""><meta name="date" content="soon">', None, None),
    ],
)
def test_author_and_date_in_the_head(head, author, date):
    assert (author_of(page(head)), date_of(page(head))) == (author, date)


def test_microdata_author_and_date_come_from_the_question_not_an_answer():
    answer = '<div itemscope itemtype="https://schema.org/Answer"><b itemprop="author">Eve</b></div>'
    asked = '<time itemprop="dateCreated" datetime="2024-05-06T07:08"></time>'
    user = '<div itemprop="author" itemscope><span itemprop="name">Ada</span> 17 points</div>'
    tree = page(body=f'{answer}<div itemscope itemtype="https://schema.org/Question">{user}{asked}</div>')
    assert (author_of(tree), date_of(tree)) == ("Ada", "2024-05-06")
    assert author_of(page(body=answer)) is None


def test_the_first_author_link_is_the_author():
    assert (
        author_of(page(body='<a rel="author" href="/ada">Ada</a><a rel="author" href="/bob">Bob</a>'))
        == "Ada"
    )


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2024-02-29", "2024-02-29"),
        ("2024-02-30", None),
        ("20240229", None),
        ("Mon, 06 May 2024 07:08:09 GMT", "2024-05-06"),
        ("yesterday", None),
        ("", None),
    ],
)
def test_iso_date_accepts_only_dates(text, date):
    assert iso_date(text) == date


def test_a_licence_in_json_ld_may_be_an_object():
    by = "https://creativecommons.org/licenses/by/4.0/"
    assert license_of(page(json_ld({"@type": "Article", "license": {"@id": by}}))) == "CC BY 4.0"
    assert license_of(page(json_ld({"@type": "Article", "license": by}))) == "CC BY 4.0"
