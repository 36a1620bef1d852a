"""Reads the metadata of GGUF files: does a model have a chat template?"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

CHAT_TEMPLATE = "tokenizer.chat_template"
# Bytes of a value of each type with a fixed size (ggml's docs/gguf.md).
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
TEXT, ARRAY = 8, 9
MAX_KEY = 65_535  # bytes of a name; the same source


def has_chat_template(path: Path) -> bool:
    """Whether the GGUF file has a chat template. True if it cannot be read: llama.cpp then reports that."""
    try:
        with path.open("rb") as file:
            return CHAT_TEMPLATE in _keys(file)
    except (OSError, ValueError, OverflowError, RecursionError, struct.error):
        return True


def _keys(file: BinaryIO) -> set[str]:
    """The names in the metadata of a GGUF file. Raises an error of several types if it is malformed."""
    if file.read(4) != b"GGUF":
        raise ValueError("not a GGUF file")
    _, _, count = struct.unpack("<IQQ", file.read(20))  # version, tensors, names
    keys = set()
    for _ in range(count):
        length = _number(file, "<Q")
        if length > MAX_KEY:
            raise ValueError(f"a name of {length} bytes")
        keys.add(file.read(length).decode())
        _skip(file, _number(file, "<I"))
    return keys


def _skip(file: BinaryIO, kind: int) -> None:
    """Move past a value of this type."""
    if kind == TEXT:
        file.seek(_number(file, "<Q"), 1)
    elif kind == ARRAY:
        item, count = struct.unpack("<IQ", file.read(12))
        if item in SIZES:
            file.seek(SIZES[item] * count, 1)
        else:
            for _ in range(count):
                _skip(file, item)
    elif kind in SIZES:
        file.seek(SIZES[kind], 1)
    else:
        raise ValueError(f"unknown type {kind}")


def _number(file: BinaryIO, form: str) -> int:
    return int(struct.unpack(form, file.read(struct.calcsize(form)))[0])
