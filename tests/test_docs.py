"""The documentation works: every `gr` command line parses, relative links exist, and README's Python runs."""

from __future__ import annotations

import re
import shlex

import pytest

from commands import problem
from files import ROOT
from gr_toolkit.store import Store
from rows import fill

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
CODE = re.compile(r"^```[^\n]*\n(.*?)^```|((?:^    [^\n]*\n)+)", re.MULTILINE | re.DOTALL)
# `gr` at the start of a line, or after a prompt, environment variable, crontab field or shell operator.
COMMAND = re.compile(r"(?:^ *|&& |; |\$ |\* |[A-Z_]+=\S+ |bin/)gr (?=[a-z-])([^\n]*)", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)[^)]*\)")


def command_lines(markdown: str) -> list[list[str]]:
    """The words after `gr` of every command in a code block, up to the next shell operator."""
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
    problems = [problem(words) for words in command_lines(page.read_text(encoding="utf-8"))]
    assert [reason for reason in problems if reason] == []


def test_readme_has_a_command_of_every_stage():
    shown = {words[0] for words in command_lines((ROOT / "README.md").read_text(encoding="utf-8"))}
    assert {"crawl", "curate", "train", "eval"} <= shown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_is_a_file(page):
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


def test_command_lines_are_found_and_invalid_ones_are_reported():
    lines = command_lines(EXAMPLE)
    assert [words[:2] for words in lines] == [
        ["crawl", "https://example.org/"],
        ["crawl", "extract"],
        ["curate", "dedup"],
        ["train", "grpo"],
        ["curate", "nothing"],
    ]
    *valid, wrong_option, wrong_command = [problem(words) for words in lines]
    assert valid == [None, None, None]
    assert "--wrong" in wrong_option
    assert "nothing" in wrong_command


def python_block(markdown: str, heading: str) -> str:
    """The indented code in the section with this heading."""
    section = markdown.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return "\n".join(line[4:] for line in section.splitlines() if line.startswith("    "))


def test_python_example_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Store("gr-data", tmp_path / "state").table("dataset").write("1", [fill("dataset", split="train")])
    names: dict[str, object] = {}
    exec(python_block((ROOT / "README.md").read_text(encoding="utf-8"), "Use from Python"), names)
    assert len(names["train"]) == 1
    assert names["verdict"].correct is True
    assert capsys.readouterr().out.startswith("correct quantities ")
