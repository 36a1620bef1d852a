"""The metadata of GGUF files: is there a chat template?"""

import struct

import pytest

from gr_toolkit.llm.local.gguf import has_chat_template


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def entry(name: str, kind: int, value: bytes) -> bytes:
    return text(name) + struct.pack("<I", kind) + value


BEFORE = [
    entry("general.architecture", 8, text("llama")),
    entry("llama.context_length", 4, struct.pack("<I", 2048)),
    entry("llama.rope.freq_base", 6, struct.pack("<f", 1.5)),
    entry("tokenizer.ggml.add_bos_token", 7, b"\x01"),
    entry("general.size", 10, struct.pack("<Q", 1)),
    entry("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 2) + text("tokenizer.chat_template") + text("é")),
    entry("tokenizer.ggml.scores", 9, struct.pack("<IQ", 6, 2) + struct.pack("<ff", 1, 2)),
    entry("nested", 9, struct.pack("<IQ", 9, 1) + struct.pack("<IQ", 0, 3) + b"abc"),
]
TEMPLATE = entry("tokenizer.chat_template", 8, text("{{ messages }}"))


@pytest.mark.parametrize(
    ("entries", "found"),
    [(BEFORE, False), ([*BEFORE, TEMPLATE], True), ([TEMPLATE, *BEFORE], True), ([], False)],
)
def test_chat_template_is_an_entry_of_the_metadata(tmp_path, entries, found):
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, len(entries)) + b"".join(entries) + TEMPLATE)
    assert has_chat_template(path) is found


@pytest.mark.parametrize(
    "content",
    [
        b"junk",
        b"",
        b"GGUF",
        b"GGUF" + struct.pack("<IQQ", 3, 0, 9),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + entry("a", 99, b""),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + entry("a", 8, struct.pack("<Q", 2**64 - 1)),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 2**62),  # more than any memory
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + entry("a", 9, struct.pack("<IQ", 9, 1) * 5_000),
    ],
)
def test_file_that_cannot_be_read_is_left_to_llama_cpp(tmp_path, content):
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    assert has_chat_template(path)
    assert has_chat_template(tmp_path / "none.gguf")
