"""`gr llm`: look at the models that the other commands use."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from gr_toolkit.options import Config, Json

# As in settings.py, which is slow to import.
Role = Literal["extractor", "judge", "solver", "verifier", "second_verifier"]

app = typer.Typer(help="Serve a local model, or try the one that is configured.", no_args_is_help=True)


@app.command()
def serve(
    model: Annotated[
        str, typer.Option(help="local, or a GGUF file, a folder or a Hugging Face id.")
    ] = "local",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    config: Config = None,
) -> None:
    """Serve a model over OpenAI's API until Ctrl-C.

    Example: gr llm serve --model checkpoints/step-100 --port 8000
    """
    from gr_toolkit.llm.local.serving import serve_until_stopped
    from gr_toolkit.settings import load_settings

    settings = load_settings(config)
    serve_until_stopped(model, settings.llm, settings.state, host, port)


@app.command()
def ping(
    role: Annotated[Role | None, typer.Option(help="Whose settings to use.")] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Ask the configured model three short questions: does it answer, how fast, and does it keep to a schema.

    Example: gr llm ping --role judge
    """
    from gr_toolkit.llm.ping import ping, show
    from gr_toolkit.settings import load_settings

    settings = load_settings(config)
    show(ping(settings.llm, role, settings.state), as_json=json)
