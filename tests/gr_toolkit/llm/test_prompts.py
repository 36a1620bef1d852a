import pytest

from gr_toolkit.errors import UsageError
from gr_toolkit.llm import load_prompt

TEXT = """---
version: 3
---
## system
Be brief.

## user
2 + {{ is not a place }}
## assistant
4
## user
Page: {{page}}
Title: {{title}}
"""


def write(tmp_path, text=TEXT):
    path = tmp_path / "extract.md"
    path.write_text(text)
    return path


def test_load_prompt_reads_version_and_turns(tmp_path):
    prompt = load_prompt(write(tmp_path))
    assert prompt.version == "extract@3"
    assert prompt.names == {"page", "title"}
    assert [(turn["role"], turn["content"]) for turn in prompt.messages(page="P", title="T")] == [
        ("system", "Be brief."),
        ("user", "2 + {{ is not a place }}"),
        ("assistant", "4"),
        ("user", "Page: P\nTitle: T"),
    ]


def test_values_are_inserted_verbatim(tmp_path):
    prompt = load_prompt(write(tmp_path))
    assert prompt.messages(page="{{title}} \\1 ## user", title="T")[-1]["content"] == (
        "Page: {{title}} \\1 ## user\nTitle: T"
    )


@pytest.mark.parametrize("values", [{"page": "P"}, {"page": "P", "title": "T", "pages": "?"}])
def test_missing_or_unknown_placeholder_is_an_error(tmp_path, values):
    with pytest.raises(ValueError, match=r"extract@3: missing or unknown placeholder: (title|pages)"):
        load_prompt(write(tmp_path)).messages(**values)


@pytest.mark.parametrize(
    "text",
    [
        "## user\nno version",
        "---\nversion: 1\n---\nno section",
        "---\nversion: 1\n---\n## user\na\n## assistant\nb",
        "---\nversion: 1\n---\nbefore\n## user\na",
    ],
)
def test_malformed_prompt_file_is_an_error(tmp_path, text):
    with pytest.raises(UsageError, match=r"extract\.md: a prompt"):
        load_prompt(write(tmp_path, text))
