"""Questions and answers that pages declare in their markup."""

import json

from crawl.text.qa_markup import read_qa_markup
from crawl.text.tree import parse


def read(html):
    return read_qa_markup(parse(html))


def json_ld(value):
    return f'<script type="application/ld+json">{json.dumps(value)}</script><p>page</p>'


def test_faq_page_in_json_ld_with_html_in_its_strings():
    questions = [
        {
            "@type": "Question",
            "name": "What is 2<sup>3</sup>?",
            "acceptedAnswer": {"text": "<p>It is <b>8</b>.</p>"},
        },
        {"@type": "Question", "name": "Unanswered?"},
    ]
    found = read(json_ld({"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": questions}))
    assert found == [
        {"question": "What is 2^{3}?", "answers": [{"text": "It is 8.", "accepted": True, "votes": None}]}
    ]


def test_qa_page_in_a_json_ld_graph_with_accepted_answer_first():
    question = {
        "@type": ["Question"],
        "name": "Title",
        "text": "Body",
        "suggestedAnswer": [{"text": "5", "upvoteCount": "1,200"}, {"text": "4", "upvoteCount": 7}],
        "acceptedAnswer": {"text": "4", "upvoteCount": 7},
    }
    (found,) = read(json_ld({"@graph": [{"@type": "WebSite"}, {"@type": "QAPage", "mainEntity": question}]}))
    assert found["question"] == "Title\n\nBody"
    assert found["answers"] == [
        {"text": "4", "accepted": True, "votes": 7},
        {"text": "5", "accepted": False, "votes": 1200},
    ]


def test_microdata_with_votes_in_a_meta_element():
    (found,) = read("""
      <div itemscope itemtype="https://schema.org/QAPage">
       <div itemprop="mainEntity" itemscope itemtype="https://schema.org/Question">
        <h1 itemprop="name">How much?</h1><meta itemprop="upvoteCount" content="3">
        <div itemprop="text">Tell me.</div>
        <div itemprop="suggestedAnswer" itemscope itemtype="https://schema.org/Answer">
          <span itemprop="upvoteCount">2</span><div itemprop="text">Five</div></div>
        <div itemprop="acceptedAnswer" itemscope itemtype="https://schema.org/Answer">
          <meta itemprop="upvoteCount" content="-1"><div itemprop="text"><p>Four</p><p>Indeed.</p></div></div>
       </div></div>""")
    assert found == {
        "question": "How much?\n\nTell me.",
        "answers": [
            {"text": "Four\n\nIndeed.", "accepted": True, "votes": -1},
            {"text": "Five", "accepted": False, "votes": 2},
        ],
    }


def test_stackexchange_markup():
    (found,) = read("""
      <div id="question-header"><h1>Why?</h1></div>
      <div id="question" class="question"><div class="s-prose js-post-body">Because?</div></div>
      <div class="answer" data-score="1"><div class="s-prose">No.</div></div>
      <div class="answer js-answer accepted-answer" data-score="9"><div class="s-prose">Yes.</div></div>""")
    assert found["question"] == "Why?\n\nBecause?"
    assert found["answers"][0] == {"text": "Yes.", "accepted": True, "votes": 9}
    assert [answer["text"] for answer in found["answers"]] == ["Yes.", "No."]


def test_openstax_exercises_are_paired_with_their_solutions():
    found = read("""<main>
      <div data-type="exercise"><p data-type="problem">1 + 1?</p><p data-type="solution">2</p></div>
      <div data-type="exercise"><div data-type="problem">2 + 2?</div></div>
      <div data-type="exercise"><p data-type="problem">3 + 3?</p><p data-type="solution">6</p></div>
      </main>""")
    assert [(item["question"], item["answers"][0]["text"]) for item in found] == [
        ("1 + 1?", "2"),
        ("3 + 3?", "6"),
    ]


def test_pages_without_valid_markup_have_no_questions():
    assert read("<p>What? That.</p>") == []
    assert read('<script type="application/ld+json">{"broken": </script><p>x</p>') == []
    assert read(f'<script type="application/ld+json">{"[" * 100_000}</script><p>x</p>') == []
    assert (
        read(json_ld({"@type": "Question", "name": 7, "acceptedAnswer": ["4", None, {"text": None}]})) == []
    )


def test_questions_with_the_same_text_but_other_answers_are_all_kept():
    exercise = (
        '<div data-type="exercise"><p data-type="problem">median = ?</p><p data-type="solution">{}</p></div>'
    )
    found = read(f"<main>{exercise.format(4)}{exercise.format(5)}{exercise.format(5)}</main>")
    assert [item["answers"][0]["text"] for item in found] == ["4", "5"]


def test_pretext_examples_exercises_and_tasks():
    def solution(kind, text):
        return (
            f'<details class="{kind} solution-like born-hidden-knowl">'
            f'<summary class="knowl__link">{kind}</summary>'
            f'<div class="{kind} solution-like knowl__content"><p>{text}</p></div></details>'
        )

    answered = solution("hint", "Think.") + solution("solution", "By counting, 3.") + solution("answer", "3")
    found = read(f"""<section>
      <article class="example example-like"><h4 class="heading">Example 1</h4>
        <div class="para">How many?</div><div class="solutions">{answered}</div></article>
      <article class="exercise exercise-like"><h4 class="heading">2.</h4><div class="para">Let n be 3.</div>
        <article class="task exercise-like"><h5 class="heading">(a)</h5><div class="para">What is 2n?</div>
          <div class="solutions">{solution("answer", "6")}</div></article>
        <article class="task exercise-like"><div class="para">What is 3n?</div></article></article>
      </section>""")
    assert found == [
        {
            "question": "How many?",
            "answers": [
                {"text": "3", "accepted": True, "votes": None},
                {"text": "By counting, 3.", "accepted": True, "votes": None},
            ],
        },
        {
            "question": "Let n be 3.\n\nWhat is 2n?",
            "answers": [{"text": "6", "accepted": True, "votes": None}],
        },
    ]


def test_json_ld_with_doubly_escaped_html():
    question = {
        "@type": "Question",
        "name": "Is 1 &lt; 2?",
        "acceptedAnswer": {"text": "&lt;p&gt;It &lt;b&gt;is&lt;/b&gt;.&lt;/p&gt;"},
    }
    (found,) = read(json_ld(question))
    assert (found["question"], found["answers"][0]["text"]) == ("Is 1 < 2?", "It is.")
