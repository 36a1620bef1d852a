"""The process of bespokelabs-curator: `PYTHON -I curator_client.py URL AT_ONCE WARM_UP FOLDER < PROMPTS`.

It reads prompts as a JSON list, asks the first WARM_UP and then the others, and prints what it measured of
the others as JSON. It runs on the Python that has bespokelabs-curator, so it imports nothing of this project.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib import import_module

UNLIMITED = 100_000_000  # requests and tokens a minute


def main(url: str, at_once: str, warm_up: str, folder: str) -> None:
    """Ask the prompts, with the cache in the folder."""
    os.environ |= {
        "CURATOR_CACHE_DIR": folder,
        "TELEMETRY_ENABLED": "false",
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": url,
    }
    # litellm, which curator depends on, holds the tokenizer that curator would download.
    import_module("litellm.litellm_core_utils.default_encoding")
    curator = import_module("bespokelabs.curator")
    llm = curator.LLM(
        model_name="bench",
        backend="openai",
        generation_params={"temperature": 0, "max_tokens": 4096},
        backend_params={
            "base_url": url,
            "max_concurrent_requests": int(at_once),
            "max_requests_per_minute": UNLIMITED,
            "max_tokens_per_minute": UNLIMITED,
        },
    )
    prompts, first = json.load(sys.stdin), int(warm_up)
    llm(prompts[:first])
    began, cpu = time.monotonic(), time.process_time()
    replies = llm(prompts[first:])
    measured = {"seconds": time.monotonic() - began, "cpu": time.process_time() - cpu}
    count = len(getattr(replies, "dataset", replies))
    assert count == len(prompts) - first, f"{count} replies"
    print(json.dumps(measured))


if __name__ == "__main__":
    main(*sys.argv[1:])
