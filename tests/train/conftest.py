"""A real transformer of 20,000 weights whose vocabulary is digits, and questions to train it on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gr_toolkit.settings import Settings, load_settings
from gr_toolkit.store import Store
from rows import fill

WORDS = [*(f"\\boxed{{{digit}}}" for digit in range(4)), *"0123", "so", "is", "plus", "the", "answer"]
SPECIAL = ["<unk>", "<pad>", "<end>"]
MakeSettings = Callable[..., Settings]


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a randomly initialised Llama whose vocabulary is digits, some of them boxed."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.set_num_threads(1)  # more threads do not speed up so small a model
    folder = str(tmp_path_factory.mktemp("tiny"))
    vocabulary = {word: number for number, word in enumerate([*SPECIAL, *WORDS])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="<unk>", pad_token="<pad>", eos_token="<end>"
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(vocabulary),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=64,
            eos_token_id=2,
            pad_token_id=1,
            bos_token_id=None,
        )
    ).save_pretrained(folder)
    return folder


@pytest.fixture
def make_settings(tmp_path: Path) -> MakeSettings:
    """Settings of a small run in a data folder; keyword arguments are train.* settings."""

    def make(folder: str | Path = "data", **train: object) -> Settings:
        small: Mapping[str, object] = {
            "prompts_per_step": 2,
            "group": 4,
            "learning_rate": 1e-2,
            "max_completion_tokens": 4,
            "save_every": 2,
        }
        return load_settings(data=str(tmp_path / folder), train={**small, **train}, verify={"model": False})

    return make


@pytest.fixture
def write_questions() -> Callable[..., Settings]:
    """Write questions of the train split, and two rows that training must ignore, to the data folder."""

    def write(settings: Settings, count: int = 5, answer: str | None = None) -> Settings:
        rows = [
            fill(
                "dataset", f"q{n}", question=f"{n} plus 1 is", answer=answer or str(n % 3 + 1), split="train"
            )
            for n in range(count)
        ]
        rows.append(fill("dataset", "held", split="test"))
        rows.append(fill("dataset", "out", split="train", kept=False, reason="pass rate"))
        Store(settings.data, settings.state).table("dataset").write("shard", rows)
        return settings

    return write
