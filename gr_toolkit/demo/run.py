"""`gr demo`: the whole way, from a web site to a trained and scored model, offline on the bundled site.

Each stage is the public command that a person would run by hand, printed before it runs. Every stage
resumes, so the same command again carries on where the last one stopped.
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

from gr_toolkit.bundled import SAMPLE_SITE
from gr_toolkit.console import say
from gr_toolkit.demo.site import serve_site
from gr_toolkit.demo.summary import show_demo
from gr_toolkit.errors import GrError, UsageError
from gr_toolkit.settings import Settings, load_settings
from gr_toolkit.store import Store
from gr_toolkit.store.folder import Folder
from gr_toolkit.store.tables import FUNNEL

SETTINGS = """\
# Settings of `gr demo`: everything small enough for a laptop without a GPU.
data = {data}
instruction = "Reply in this form: The answer is \\\\boxed{{answer}}."  # the default asks for reasoning first

[crawl]
allow_private = true   # the site is served from this machine
delay = 0.0            # and our own; be polite elsewhere
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
prompts_per_step = 4   # several, since rules alone cannot mark the answers to some questions
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
# What the demo sets itself, and a person's own environment must not: where the tables lie, and the models.
OWN_VARIABLES = re.compile(r"GR_(?:DATA|LLM__(?:[A-Z]+__)?(?:MODEL|BASE_URL))", re.IGNORECASE)
Variables = dict[str, str]


def run_demo(data: str, steps: int) -> None:
    """Run every stage on the sample site, with its tables in the local folder `data`; print what each did.

    Raises UsageError for a folder that holds other pages, and typer.Exit with the exit code of a stage that
    fails.
    """
    settings = load_settings(None, data=data)
    if "://" in settings.data:
        raise UsageError("the demo works in a local folder; give one with --data")
    folder = Path(settings.data)
    refuse_other_pages(settings)
    config = write_settings(folder)
    with serve_site(SAMPLE_SITE, port_of(settings.state)) as url:
        for variables, arguments in commands(url, folder, config, steps):
            say("\n$ " + command_line(variables, arguments))
            run(variables, arguments)
    show_demo(load_settings(config, data=settings.data), config)


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
    """Run one command of `gr`. Raises typer.Exit with its exit code if it fails; the command has said why."""
    with subprocess.Popen(command_of(arguments), env=environment() | variables) as child:
        try:
            code = child.wait()
        except KeyboardInterrupt:
            child.wait()  # Ctrl-C reaches it too, and it still has its summary to write
            raise
    if code != 0:
        say(f"gr: the demo stopped at `gr {arguments[0]}`; the same command again carries on from there")
        raise typer.Exit(code if code > 0 else 128 - code)  # killed by a signal: as a shell puts it


def command_of(arguments: list[str]) -> list[str]:
    """The command in a process of its own.

    `-P` keeps the working directory off the path, so that a file train.py there is not imported.
    """
    return [sys.executable, "-P", "-m", "cli", *arguments]


def environment() -> Variables:
    """The person's environment without what the demo sets itself."""
    return {name: value for name, value in os.environ.items() if not OWN_VARIABLES.fullmatch(name)}


def crawled_hosts(data: str) -> set[str]:
    """The hosts that a crawl of this data folder knows. Raises typer.Exit if `gr crawl status` fails."""
    command = command_of(["crawl", "status", "--json", "--data", data])
    done = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise typer.Exit(done.returncode)  # it has said why
    return {str(host["host"]) for host in json.loads(done.stdout)["hosts"]}


def refuse_other_pages(settings: Settings) -> None:
    """Raise UsageError if the data folder holds what no demo put there.

    The demo would crawl the rest of it without a pause between requests, and curate it with a tiny model.
    """
    store, hosts = Store(settings.data, settings.state), crawled_hosts(settings.data)
    if not (Path(store.data) / CONFIG).is_file():
        if hosts or any(store.table(name).shards() for name in FUNNEL):
            raise UsageError(f"{store.data} already holds tables; choose another folder with --data")
        return
    pages = store.table("pages")
    hosts.update(str(row["host"]) for shard in pages.shards() for row in pages.rows(shard, ["host"]))
    elsewhere = sorted(host for host in hosts if not host.startswith("127.0.0.1:"))
    if elsewhere:
        raise UsageError(
            f"{store.data} already holds pages of {elsewhere[0]}; choose another folder with --data"
        )


def write_settings(folder: Path) -> Path:
    """Write the demo's settings into the data folder, unless they are there, and return their path."""
    if not (folder / CONFIG).is_file():
        Folder(str(folder)).write(CONFIG, SETTINGS.format(data=json.dumps(str(folder))).encode())
    return folder / CONFIG


def port_of(state: Path) -> int:
    """The site's port: a free one the first time, then the same, since a page is known by its URL."""
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
