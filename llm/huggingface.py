"""Causal language models in Hugging Face's format, also out of a GGUF file."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from console import say
from errors import MissingExtra, ServerUnusable
from llm.weights import fingerprint, is_gguf, model_name, resolve

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

INSTALL = "pip install 'gr-toolkit[train]'"


def huggingface_folder(model: str, state: Path) -> str:
    """The model as transformers and TRL load it: a folder, or a Hugging Face id as it is.

    A GGUF file (also `local`, the bundled one) is dequantised once, to a folder under `state`/models.
    """
    weights = resolve(model)
    if not is_gguf(weights):
        return weights
    folder = state / "models" / f"{model_name(weights)}-{fingerprint(weights)[:12]}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(mkdtemp(prefix=".tmp-", dir=folder.parent))
        try:
            say(f"converting {weights} to {folder}, once; this takes a minute")
            _save_dequantised(Path(weights), temporary)
            temporary.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return str(folder)


def load(source: str, gguf_file: str | None = None) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Model and tokenizer of a folder or an id, on the GPU if there is one.

    Raises ServerUnusable if they cannot be loaded, MissingExtra without transformers.
    """
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging
    except ImportError as error:
        raise MissingExtra("the transformers backend", INSTALL) from error
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=gguf_file)
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            source, gguf_file=gguf_file, dtype="auto"
        )
    except (OSError, ValueError, KeyError) as error:
        why = " ".join(str(error).split())[:300]
        raise ServerUnusable(f"transformers cannot load {source}/{gguf_file or ''}: {why}") from error
    model.eval()  # type: ignore[no-untyped-call]
    model.to(torch.device("cuda" if torch.cuda.is_available() else "cpu"))  # type: ignore[arg-type]
    return model, tokenizer


def _save_dequantised(gguf: Path, folder: Path) -> None:
    model, tokenizer = load(str(gguf.parent), gguf.name)
    # transformers would refuse to save what it takes for a quantised model; loaded from GGUF it is none.
    model.is_quantized = False  # type: ignore[assignment]
    for owner, name in (
        (model, "hf_quantizer"),
        (model, "quantization_method"),
        (model.config, "quantization_config"),
    ):
        if hasattr(owner, name):
            delattr(owner, name)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
