"""A page's visible text as blocks: their boundaries, their Markdown, and which are boilerplate."""

import pytest

from crawl.text.blocks import blocks_of, full_text, join, whole_text
from crawl.text.tree import parse


def blocks(body):
    return blocks_of(parse(f"<html><body>{body}</body></html>"))


def text(body):
    return join(blocks(body))


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>One <b>two</b>\n three.</p><p>Four.</p>", "One two three.\n\nFour."),
        ("<h1>Title</h1><h3><a href=x>Part</a></h3>", "# Title\n\n### Part"),
        ("<h2><div>Title</div></h2>text", "## Title\n\ntext"),
        ("one<br>two<br><br>three", "one\ntwo\nthree"),
        ("<ul><li>a</li><li><p>b</p><p>c</p></li><li></li></ul>", "- a\n\n- b\n\nc"),
        ("<ul><li>a<ul><li>b</li></ul></li></ul>", "- a\n\n- b"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ("<ol start=3><li>a</li></ol>", "3. a"),
        ("<ol type=A><li>a</li><li>b</li></ol>", "A. a\nB. b"),
        ("<ol class='lower-alpha cols2'><li>a</li><li>b</li></ol>", "a. a\nb. b"),
        ("<ol data-number-style='upper-alpha'><li>a</li></ol>", "A. a"),
        ("<ol style='list-style-type: lower-latin'><li>a</li></ol>", "a. a"),
        ("<ol type=a start=30><li>a</li></ol>", "30. a"),
        ("<dl><dt>term</dt><dd>meaning</dd></dl>", "term\nmeaning"),
        (
            "<table><tr><th>x</th><th>y</th></tr><tr><td>1</td><td></td></tr><tr><td></td><td>2</td></tr></table>",
            "x | y\n1\n2",
        ),
        ("<p>so:</p><pre>a = 1\n\n  b = 2\n</pre><p>end</p>", "so:\n\n```\na = 1\n\n  b = 2\n```\n\nend"),
        ("<pre><code>x</code></pre>", "```\nx\n```"),
        ("<script>s</script><style>s</style><button>b</button>text<svg><text>s</text></svg>!", "text!"),
        ("<h2>Part<a class=headerlink href=#p>¶</a></h2><p><a href=#q>#</a>text</p>", "## Part\n\ntext"),
    ],
)
def test_blocks_are_light_markdown(html, expected):
    assert text(html) == expected


def test_a_block_records_the_element_in_which_it_begins():
    first, second, third = blocks("<p>one</p>two<ul><li><b> three</b></li></ul>")
    assert (first.element.tag, first.in_tail) == ("p", False)
    assert (second.element.tag, second.in_tail) == ("p", True)
    assert (third.element.tag, third.in_tail) == ("b", False)


@pytest.mark.parametrize(
    "html",
    [
        "<nav>x</nav>",
        "<header><div>x</div></header>",
        "<footer>x</footer>",
        "<aside>x</aside>",
        "<div hidden>x</div>",
        "<div style='display: none'><p>x</p></div>",
        "<span aria-hidden=true>x</span>",
    ],
)
def test_boilerplate_and_hidden_blocks_are_marked_but_kept(html):
    body = f"<p>before</p>{html}<p>after</p>"
    assert [block.boilerplate for block in blocks(body)] == [False, True, False]
    tree = parse(f"<html><body>{body}</body></html>")
    assert full_text(tree) == "before\n\nafter"
    assert whole_text(tree) == "before\n\nx\n\nafter"


def test_the_root_element_is_never_boilerplate():
    (footer,) = parse("<html><body><footer>all rights</footer></body></html>").iter("footer")
    assert full_text(footer) == "all rights"
