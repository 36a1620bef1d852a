"""What the documentation shows, works: every `gr` command line parses, and every link leads somewhere."""

from __future__ import annotations

import re
import shlex

import pytest

from commands import problem
from files import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
CODE = re.compile(r"^```[^\n]*\n(.*?)^```|((?:^    [^\n]*\n)+)", re.MULTILINE | re.DOTALL)
# At the start of a line, after a prompt, an environment variable, the fields of a crontab, or in a chain.
COMMAND = re.compile(r"(?:^ *|&& |; |\$ |\* |[A-Z_]+=\S+ |bin/)gr (?=[a-z-])([^\n]*)", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)[^)]*\)")


def command_lines(markdown: str) -> list[list[str]]:
    """The words after `gr` of every command in a block of code, up to an operator of the shell."""
    lines = []
    for fenced, indented in CODE.findall(markdown):
        block = fenced or indented
        for words in COMMAND.findall(block.replace("\\\n", " ")):
            lexer = shlex.shlex(words, posix=True, punctuation_chars=True)
            lexer.whitespace_split = True
            lines.append(_until_operator(list(lexer)))
    return lines


def _until_operator(words: list[str]) -> list[str]:
    ends = [position for position, word in enumerate(words) if set(word) <= set("();<>|&")]
    return words[: ends[0]] if ends else words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_parses(page):
    wrong = [problem(words) for words in command_lines(page.read_text(encoding="utf-8"))]
    assert [reason for reason in wrong if reason] == []


def test_readme_shows_every_stage():
    shown = {words[0] for words in command_lines((ROOT / "README.md").read_text(encoding="utf-8"))}
    assert {"crawl", "curate", "train", "eval"} <= shown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file(page):
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert missing == []


EXAMPLE = """\
gr nowhere --outside

    gr crawl https://example.org/ --max-pages 5   # web -> pages

```sh
$ gr crawl extract --data d | tee log
0 3 * * * cd /srv && GR_DATA=x .venv/bin/gr curate dedup >> log 2>&1
gr train grpo --model m \\
    --wrong 3
gr curate nothing
gr: an error message
```
"""


def test_command_lines_are_found_and_wrong_ones_are_told():
    lines = command_lines(EXAMPLE)
    assert [words[:2] for words in lines] == [
        ["crawl", "https://example.org/"],
        ["crawl", "extract"],
        ["curate", "dedup"],
        ["train", "grpo"],
        ["curate", "nothing"],
    ]
    *right, wrong_option, wrong_command = [problem(words) for words in lines]
    assert right == [None, None, None]
    assert "--wrong" in wrong_option
    assert "nothing" in wrong_command
