"""Loads causal language models in Hugging Face format, and converts GGUF files to it."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from gr_toolkit.console import say
from gr_toolkit.errors import CannotWrite, MissingExtra, ServerUnusable
from gr_toolkit.files import TEMPORARY
from gr_toolkit.llm.local.weights import INSTALL_TRANSFORMERS, fingerprint, resolve
from gr_toolkit.llm.names import is_gguf, model_name
from gr_toolkit.runs.redaction import redact

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ABANDONED_SECONDS = (
    3_600.0  # a conversion takes minutes, so an older temporary folder is from a killed process
)


def huggingface_folder(model: str, state: Path) -> str:
    """Return the model as a path or id that transformers and TRL can load; ids are returned unchanged.

    A GGUF file, such as the bundled one (`local`), is dequantised once into a folder under `state`/models.
    Raises CannotWrite.
    """
    weights = resolve(model)
    if not is_gguf(weights):
        return weights
    folder = state / "models" / f"{model_name(weights)}-{fingerprint(weights)[:12]}"
    if not folder.exists():
        say(f"converting {weights} to {folder}; this happens once and takes about a minute")
        try:
            _convert(Path(weights), folder)
        except OSError as error:
            raise CannotWrite(
                f"cannot convert {weights} to {folder}: {error.strerror or error}; make room there "
                "(600 MB for the bundled model) or choose another folder with --data"
            ) from error
    return str(folder)


def _convert(gguf: Path, folder: Path) -> None:
    """Convert the GGUF file into `folder`, atomically; another process may do the same concurrently."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left_over in folder.parent.glob(f"{TEMPORARY}*"):
        if time.time() - left_over.stat().st_mtime > ABANDONED_SECONDS:
            shutil.rmtree(left_over, ignore_errors=True)
    temporary = Path(mkdtemp(prefix=TEMPORARY, dir=folder.parent))
    try:
        _save_dequantised(gguf, temporary)
        temporary.rename(folder)
    except OSError:
        if not folder.exists():  # else another process finished first
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def load(source: str, gguf_file: str | None = None) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load the model and tokenizer of a folder or id, on the GPU if there is one.

    Raises MissingExtra, and ServerUnusable if the model or the tokenizer cannot be loaded.
    """
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging
    except ImportError as error:
        raise MissingExtra("the transformers backend", INSTALL_TRANSFORMERS) from error
    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=gguf_file)
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            source, gguf_file=gguf_file, dtype="auto"
        )
    except (OSError, ValueError, KeyError) as error:
        why = redact(" ".join(str(error).split()))[:300]
        raise ServerUnusable(f"transformers cannot load {source}/{gguf_file or ''}: {why}") from error
    model.eval()
    model.to(torch.device("cuda" if torch.cuda.is_available() else "cpu"))  # type: ignore[arg-type]
    return model, tokenizer


def _save_dequantised(gguf: Path, folder: Path) -> None:
    """Save the GGUF file's tokenizer and its model, with unquantised weights. Raises OSError."""
    from safetensors import SafetensorError

    model, tokenizer = load(str(gguf.parent), gguf.name)
    # transformers refuses to save a model marked as quantised; loading from GGUF has dequantised it.
    model.is_quantized = False  # type: ignore[assignment]
    for owner, name in (
        (model, "hf_quantizer"),
        (model, "quantization_method"),
        (model.config, "quantization_config"),
    ):
        if hasattr(owner, name):
            delattr(owner, name)
    try:
        model.save_pretrained(folder)
    except SafetensorError as error:  # raised when the disk is full
        raise OSError(str(error)) from error
    tokenizer.save_pretrained(folder)
