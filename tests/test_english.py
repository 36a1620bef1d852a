"""The English of the docs and of the code: no long sentence in the docs, no banned phrase in either."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from files import ROOT

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "bench/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
CODE = [
    ROOT / "cli.py",
    *(
        path
        for folder in ("crawl", "curate", "train", "eval", "gr_toolkit")
        for path in sorted((ROOT / folder).rglob("*.py"))
    ),
]
MAX_WORDS = 40  # in one sentence of the docs
FENCE = re.compile(r"\s*(?:```|~~~)")
TABLE_RULE = re.compile(r"[|\s:-]+")  # the line under a table's header
CELL = re.compile(r"(?<!\\)\|")
ITEM = re.compile(r"^\s*(?:[-*+]|\d+\.)\s+")
LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
INLINE_CODE = re.compile(r"`[^`]+`")
# After ".", "!" or "?" and closing quotes or brackets, but not after "e.g." or "i.e.". A colon or a semicolon
# does not end a sentence.
SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\be\.g\.)(?<!\bi\.e\.)[\"'”)*_]*\s+")
WORD = re.compile(r"\S*\w\S*")

# Phrases that have obscured docs and messages, each with the plain words to use instead.
BANNED = {
    r"(?:cannot|could not|can|to) be had": "unavailable, failed",
    r"as a person": "as a user",
    r"a person (?:can|could|would|does|reads)": "a user",
    r"ask(?:s|ed)? for patience": "sends Retry-After",
    r"what is none": "name the thing",
    r"on end(?!-| of)": "in a row",
    r"leaves?(?: \w+){0,2} alone|left alone": "skip, ignore",
    r"at hand": "available",
    r"of late(?=\s*(?:[.,;:)]|$))": "recently",
    r"c[oa]mes? by": "obtain",
    r"as [\w.]+(?:'s \w+)? (?:has|have|had) it": "like ...",
    r"what (?:it is|they are) worth": "name the value",
    r"the way works": "the pipeline runs",
    r"of (?:ours|theirs)": "our, their",
    r"nothing is left of": "exhausted",
    r"(?:cannot|can|could) be told": "unknown, ambiguous",
    r"anew": "again",
    r"still to do": "pending",
    r"nobody (?:can|could)": "name who fails",
}
PHRASE = re.compile(rf"\b(?:{'|'.join(BANNED)})\b", re.IGNORECASE)


def texts(markdown: str) -> Iterator[str]:
    """Yield each heading, paragraph, list item and table cell. Blocks of code are left out."""
    lines: list[str] = []  # of the paragraph or item being read
    fenced = False
    for line in [*markdown.splitlines(), ""]:
        if FENCE.match(line):
            fenced = not fenced
        starts = bool(ITEM.match(line)) or line.lstrip().startswith(("#", "|", ">"))
        if (starts or not line.strip() or FENCE.match(line)) and lines:
            yield plain(" ".join(lines))
            lines = []
        if fenced or FENCE.match(line) or (not lines and line.startswith("    ")):
            continue
        if line.startswith("|"):
            yield from (plain(cell) for cell in CELL.split(line) if not TABLE_RULE.fullmatch(cell))
        elif line.startswith("#"):
            yield plain(line)
        elif line.strip():
            lines.append(line)


def plain(text: str) -> str:
    """The text without Markdown's marks. Inline code becomes one word."""
    text = INLINE_CODE.sub(lambda code: "_".join(code.group().split()), ITEM.sub("", text, count=1))
    return " ".join(LINK.sub(r"\1", text).strip("#> ").split())


def long_sentences(markdown: str) -> list[str]:
    """The sentences of more than MAX_WORDS words, each with its count."""
    sentences = [sentence for text in texts(markdown) for sentence in SENTENCE_END.split(text)]
    counted = [(len(WORD.findall(sentence)), sentence) for sentence in sentences]
    return [f"{count} words: {sentence}" for count, sentence in counted if count > MAX_WORDS]


def banned(text: str) -> list[str]:
    """The banned phrases in a text, each with the words around it."""
    text = " ".join(text.split())
    return [text[max(0, found.start() - 30) : found.end() + 30] for found in PHRASE.finditer(text)]


def written(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line number and text of each string and comment. Comments below each other are one text."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
    comments: dict[tuple[int, int], str] = {}  # by last line and column
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            line, column = token.start
            above = comments.pop((line - 1, column), "")
            comments[line, column] = f"{above} {token.string.lstrip('# ')}"
    yield from ((line, text) for (line, _), text in comments.items())


def banned_in_code(source: str) -> list[str]:
    """The banned phrases in the strings and comments of a module, each with its line."""
    return [f"{line}: {phrase}" for line, text in written(source) for phrase in banned(text)]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_docs_have_no_long_sentence(page):
    found = long_sentences(page.read_text(encoding="utf-8"))
    assert not found, f"split these sentences of {name_of(page)}:\n" + "\n".join(found)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_docs_have_no_banned_phrase(page):
    found = banned(page.read_text(encoding="utf-8"))
    assert not found, f"rephrase in {name_of(page)}, see BANNED:\n" + "\n".join(found)


def test_code_has_no_banned_phrase():
    found = [
        f"{name_of(path)}:{phrase}"
        for path in CODE
        for phrase in banned_in_code(path.read_text(encoding="utf-8"))
    ]
    assert not found, "rephrase, see BANNED:\n" + "\n".join(found)


LONG = "word " * MAX_WORDS + "end."


@pytest.mark.parametrize(
    "markdown",
    [
        LONG,
        f"Short. {LONG} Short.",
        LONG.replace(" ", "\n"),
        f"- item\n- {LONG}",
        f"1. {LONG}",
        f"## {LONG}",
        f"| a | {LONG} |",
        f"> {LONG}",
        f"    code\n\n{LONG}",
        f"```\ncode\n```\n{LONG}",
        LONG.replace("word end", "`some code` end"),
        LONG.replace("word word end", "word: word; end"),
        LONG.replace("word word end", "e.g. word end"),
    ],
)
def test_a_long_sentence_is_found(markdown):
    assert [found.partition(" ")[0] for found in long_sentences(markdown)] == [str(MAX_WORDS + 1)]


@pytest.mark.parametrize(
    "markdown",
    [
        LONG.removeprefix("word "),
        LONG.replace("word end", "word. End"),
        f"text\n\n    {LONG}",
        f"```sh\n{LONG}\n```",
        f"`{LONG}`",
        f"| {'word ' * 30} | {'word ' * 30} |",
        f"- {'word ' * 30}\n- {'word ' * 30}",
        f"# {'word ' * 30}\n{'word ' * 30}",
    ],
)
def test_other_texts_are_not_long(markdown):
    assert long_sentences(markdown) == []


def test_markdown_becomes_plain_texts():
    page = "# Head\n\nOne of\n1,067. [Two](two.md) `a b`.\n\n- item\n  goes on\n1. item\n\n| a \\| b | c |\n"
    found = [text for text in texts(page) if text]
    assert found == ["Head", "One of 1,067. Two `a_b`.", "item goes on", "item", "a \\| b", "c"]


@pytest.mark.parametrize(
    "text",
    [
        "The page cannot be\nhad.",
        "It can be read as a person does it.",
        "A host that asks for patience.",
        "Counts what is none.",
        "Three steps on end.",
        "What fails is left alone.",
        "A run leaves a host alone.",
        "With a pip at hand.",
        "What failed of late.",
        "How pages are come by.",
        "As Scrapy's AutoThrottle has it.",
    ],
)
def test_a_banned_phrase_is_found(text):
    assert len(banned(text)) == 1
    assert len(banned_in_code(f'"""{text}"""')) == 1
    assert len(banned_in_code("".join(f"# {line}\n" for line in text.splitlines()))) == 1


def test_every_banned_phrase_is_matched_only_as_words():
    assert banned("one handle, of late-binding, the left side alone or a list on end-of-file, canewood") == []
