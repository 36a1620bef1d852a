"""`gr demo`: the whole pipeline, from a web site to a trained and scored model, offline on the bundled site.

Each stage runs the same public command that a user would type, and prints it first. Every stage resumes, so
running the demo again continues where the last run stopped.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import typer

from gr_toolkit import interrupts
from gr_toolkit.bundled import SAMPLE_SITE
from gr_toolkit.console import say
from gr_toolkit.demo.site import serve_site
from gr_toolkit.demo.summary import show_demo
from gr_toolkit.errors import GrError, UsageError
from gr_toolkit.settings import Settings, load_settings
from gr_toolkit.steps import FUNNEL
from gr_toolkit.store import Store
from gr_toolkit.store.folder import Folder

SETTINGS = """\
# Settings of `gr demo`, small enough for a laptop without a GPU.
data = {data}
instruction = "Reply in this form: The answer is \\\\boxed{{answer}}."  # the default asks for reasoning first

[crawl]
allow_private = true   # the site is served from this machine
delay = 0.0            # seconds; keep a delay for any other site
shard_pages = 25

[llm]
model = "local"        # SmolLM2-135M, too small to judge or solve well; see README, "A real model"
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
any_pass_rate = true   # a real model: false, to drop questions that are never or always solved
test_share = 0.3

[verify]
model = false          # only rules; a real model: true

[train]
prompts_per_step = 4   # several, since rules cannot grade the answers to some questions
group = 2
learning_rate = 2e-5
temperature = 1.0
max_prompt_tokens = 128
max_completion_tokens = 32
save_every = 4

[eval]
max_tokens = 32
"""
CONFIG = "demo.toml"
# Variables that the demo ignores: the data folder and the models come from its own settings.
OWN_VARIABLES = re.compile(r"GR_(?:DATA|LLM__(?:[A-Z]+__)?(?:MODEL|BASE_URL))", re.IGNORECASE)
Variables = dict[str, str]


def run_demo(data: str, steps: int) -> None:
    """Run every stage on the sample site, with tables in the local folder `data`, and print a summary.

    Raises UsageError if the folder holds other pages, and typer.Exit with the stage's exit code if a stage
    fails.
    """
    settings = load_settings(None, data=data)
    if "://" in settings.data:
        raise UsageError("the demo needs a local folder; choose one with --data")
    folder = Path(settings.data)
    refuse_other_pages(settings)
    config = write_settings(folder)
    with serve_site(SAMPLE_SITE, port_of(settings.state)) as url:
        for variables, arguments in commands(url, folder, config, steps):
            say("\n$ " + command_line(variables, arguments))
            run(variables, arguments)
    show_demo(load_settings(config, data=settings.data), config)


def commands(url: str, folder: Path, config: Path, steps: int) -> list[tuple[Variables, list[str]]]:
    """Return the environment variables and `gr` arguments of each stage, in order."""
    settings = ["--config", str(config)]
    base = {"GR_LLM__BACKEND": "transformers"}  # this backend also scores the trained model
    return [
        ({}, ["crawl", f"{url}/", *settings]),
        ({}, ["curate", *settings]),
        (base, ["eval", "--model", "local", *settings]),
        ({}, ["train", "grpo", "--model", "local", "--steps", str(steps), *settings]),
        ({}, ["eval", "--model", str(folder / "runs" / "grpo" / "final"), *settings]),
    ]


def command_line(variables: Variables, arguments: list[str]) -> str:
    """Return the command as a user would type it."""
    assignments = [f"{name}={shlex.quote(value)}" for name, value in variables.items()]
    return " ".join([*assignments, "gr", *map(shlex.quote, arguments)])


def run(variables: Variables, arguments: list[str]) -> None:
    """Run one `gr` command, which prints its own errors. Raises typer.Exit with its exit code if it fails."""
    code = interrupts.call(command_of(arguments), environment() | variables)
    if code != 0:
        say(f"gr: the demo stopped at `gr {arguments[0]}`; run the same command again to continue from there")
        raise typer.Exit(code if code > 0 else 128 - code)  # a signal: 128 + its number, as in a shell


def command_of(arguments: list[str]) -> list[str]:
    """Return the command line that runs `gr` in a separate process.

    `-P` keeps the working directory off sys.path, so that a file such as train.py there is not imported.
    """
    return [sys.executable, "-P", "-m", "cli", *arguments]


def environment() -> Variables:
    """Return the user's environment without the variables that the demo ignores."""
    return {name: value for name, value in os.environ.items() if not OWN_VARIABLES.fullmatch(name)}


def crawled_hosts(data: str) -> set[str]:
    """Return the hosts in this data folder's crawl queue. Raises typer.Exit if `gr crawl status` fails."""
    command = command_of(["crawl", "status", "--json", "--data", data])
    done = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise typer.Exit(done.returncode)  # the command has printed the error
    return {str(host["host"]) for host in json.loads(done.stdout)["hosts"]}


def refuse_other_pages(settings: Settings) -> None:
    """Raise UsageError if the data folder holds pages or queued URLs that are not from a demo.

    The demo would crawl the hosts of such pages without a delay between requests, and curate the pages with
    a tiny model.
    """
    store, hosts = Store(settings.data, settings.state), crawled_hosts(settings.data)
    if not (Path(store.data) / CONFIG).is_file():
        if hosts or any(store.table(name).shards() for name in FUNNEL):
            raise UsageError(f"{store.data} already holds tables; choose another folder with --data")
        return
    pages = store.table("pages")
    hosts.update(str(host) for shard in pages.shards() for host in pages.column(shard, "host"))
    other_hosts = sorted(host for host in hosts if not host.startswith("127.0.0.1:"))
    if other_hosts:
        raise UsageError(
            f"{store.data} already holds pages of {other_hosts[0]}; choose another folder with --data"
        )


def write_settings(folder: Path) -> Path:
    """Write the demo's settings file into the data folder if it does not exist, and return its path."""
    if not (folder / CONFIG).is_file():
        Folder(str(folder)).write(CONFIG, SETTINGS.format(data=json.dumps(str(folder))).encode())
    return folder / CONFIG


def port_of(state: Path) -> int:
    """Return the site's port: a free one on the first run, later the same, because page URLs contain it."""
    remembered = state / "demo_port"
    wanted = int(remembered.read_text()) if remembered.is_file() else 0
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise GrError(
                f"port {wanted} is taken, but the page URLs in this data folder contain it; "
                "stop the program that listens there, or start over with gr demo --data OTHER"
            ) from error
        port = int(probe.getsockname()[1])
    state.mkdir(parents=True, exist_ok=True)
    remembered.write_text(str(port))
    return port
