"""`gr demo`: the whole way, from a web site to a trained and scored model, offline on the bundled site.

Each stage is the public command that a person would run by hand, printed before it runs. Every stage
resumes, so the same command again carries on where the last one stopped.
"""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

import options

SETTINGS = """\
# Settings of `gr demo`: everything small enough for a laptop without a GPU.
data = {data}
instruction = "Reply in this form: The answer is \\\\boxed{{answer}}."  # the default asks for reasoning first

[crawl]
delay = 0.0            # the site is our own; be polite elsewhere
shard_pages = 25

[llm]
model = "local"        # SmolLM2-135M, too small to judge or to solve well: see README, "A real model"
concurrency = 8
context = 2048

[llm.extractor]
max_tokens = 256

[llm.judge]
max_tokens = 64

[llm.solver]
max_tokens = 64

[curate]
languages = ["en"]     # an empty list keeps every language
chunk_chars = 2500
pairs_per_chunk = 1    # a real model: 10
samples = 4            # a real model: 8
any_pass_rate = true   # a real model: false, which keeps what is neither never nor always solved
test_share = 0.3

[verify]
model = false          # rules alone; a real model: true

[train]
prompts_per_step = 1
group = 8
learning_rate = 2e-5
temperature = 1.0
max_prompt_tokens = 128
max_completion_tokens = 32
save_every = 4

[eval]
max_tokens = 32
"""
Variables = dict[str, str]


def demo(
    data: options.Data = None,
    steps: Annotated[int, typer.Option(min=1, help="GRPO steps; about 10 seconds each on two cores.")] = 12,
) -> None:
    """Go the whole way offline on the bundled site: crawl, curate, train, eval; about 8 minutes.

    Example: gr demo --data data --steps 12
    """
    from console import say
    from data import SAMPLE_SITE
    from data.serve import serve_site
    from demo_summary import show_demo
    from settings import load_settings

    settings = load_settings(None, data=data)
    if "://" in settings.data:
        from errors import UsageError

        raise UsageError("the demo works in a local folder; give one with --data")
    folder = Path(settings.data)
    config = write_settings(folder)
    with serve_site(SAMPLE_SITE, port_of(settings.state)) as url:
        for variables, arguments in commands(url, folder, config, steps):
            say("\n$ " + command_line(variables, arguments))
            run(variables, arguments)
    show_demo(load_settings(config), config)


def commands(url: str, folder: Path, config: Path, steps: int) -> list[tuple[Variables, list[str]]]:
    """The stages in order: environment variables, and the arguments of `gr`."""
    settings = ["--config", str(config)]
    base = {"GR_LLM__BACKEND": "transformers"}  # the engine that scores the trained model, for a fair before
    return [
        ({}, ["crawl", f"{url}/", *settings]),
        ({}, ["curate", *settings]),
        (base, ["eval", "--model", "local", *settings]),
        ({}, ["train", "grpo", "--model", "local", "--steps", str(steps), *settings]),
        ({}, ["eval", "--model", str(folder / "runs" / "grpo" / "final"), *settings]),
    ]


def command_line(variables: Variables, arguments: list[str]) -> str:
    """The command as a person would type it."""
    assignments = [f"{name}={shlex.quote(value)}" for name, value in variables.items()]
    return " ".join([*assignments, "gr", *map(shlex.quote, arguments)])


def run(variables: Variables, arguments: list[str]) -> None:
    """Run one command of `gr`. Raises GrError if it fails; it has said why.

    With -P, lest a folder `data` in the working directory hide the package of that name.
    """
    from errors import GrError

    done = subprocess.run(
        [sys.executable, "-P", "-m", "cli", *arguments], env={**os.environ, **variables}, check=False
    )
    if done.returncode != 0:
        raise GrError(
            f"the demo stopped at `gr {arguments[0]}`; the same command again carries on from there"
        )


def write_settings(folder: Path) -> Path:
    """Write the demo's gr.toml into the data folder, unless it is there, and return its path."""
    from store.folder import Folder

    name = "demo.toml"
    if not (folder / name).is_file():
        import json

        Folder(str(folder)).write(name, SETTINGS.format(data=json.dumps(str(folder))).encode())
    return folder / name


def port_of(state: Path) -> int:
    """The site's port: a free one the first time, then the same, since a page is known by its URL."""
    from errors import GrError

    remembered = state / "demo_port"
    wanted = int(remembered.read_text()) if remembered.is_file() else 0
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise GrError(
                f"port {wanted}, at which this data folder knows the sample site, is taken; "
                "stop what listens there, or start afresh with gr demo --data OTHER"
            ) from error
        port = int(probe.getsockname()[1])
    state.mkdir(parents=True, exist_ok=True)
    remembered.write_text(str(port))
    return port
