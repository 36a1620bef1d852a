"""`gr llm`: serve and test the models that the other commands use, and show what they cost."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from gr_toolkit.options import Config, Data, Json

# A copy of settings.Role, because importing the settings would slow down --help.
Role = Literal["extractor", "judge", "solver", "verifier", "second_verifier"]

app = typer.Typer(
    help="Serve a local model, test the configured one, or show what models cost.", no_args_is_help=True
)


@app.command()
def serve(
    model: Annotated[
        str, typer.Option(help="`local` (the bundled model), a GGUF file, a folder or a Hugging Face id.")
    ] = "local",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free port.")
    ] = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    config: Config = None,
) -> None:
    """Serve a model with an OpenAI-compatible API until Ctrl-C.

    Example: gr llm serve --model gr-data/runs/grpo/final --port 8080
    """
    from gr_toolkit.llm.local.serving import serve_until_stopped
    from gr_toolkit.settings import load_settings

    settings = load_settings(config)
    serve_until_stopped(model, settings.llm, settings.state, host, port)


@app.command()
def ping(
    role: Annotated[Role | None, typer.Option(help="Role whose model is tested; default: llm.model.")] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Test the configured model with three requests: does it reply, how fast, does it follow a JSON schema?

    Example: gr llm ping --role judge
    """
    from gr_toolkit.llm.ping import ping, show
    from gr_toolkit.settings import load_settings

    settings = load_settings(config)
    show(ping(settings.llm, role, settings.state), as_json=json)


@app.command()
def cost(
    data: Data = None,
    config: Config = None,
    days: Annotated[
        int, typer.Option(min=1, max=36_500, help="Number of days to show, today included.")
    ] = 30,
    json: Json = False,
) -> None:
    """Show what requests to models cost, by day, step and model, and what is left of the budget.

    Example: gr llm cost --days 7
    """
    from gr_toolkit.llm.spending.cost import show_costs
    from gr_toolkit.settings import load_settings

    show_costs(load_settings(config, data=data), days, as_json=json)
