from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    """A real, untrained Llama with a vocabulary of 20 words."""
    pytest.importorskip("transformers", reason="transformers is not installed")
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("models") / "tiny"
    words = {word: number for number, word in enumerate(["<end>", "<unknown>", *"abcdefghijklmnopqr"])}
    words_only = Tokenizer(models.WordLevel(words, unk_token="<unknown>"))
    words_only.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words_only, eos_token="<end>", unk_token="<unknown>")
    tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }} {% endfor %}"
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    size = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = LlamaConfig(vocab_size=20, eos_token_id=0, bos_token_id=0, max_position_embeddings=64, **size)
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder
