"""`gr crawl`: its options. What it does is in fetch.py and extract.py."""

from __future__ import annotations

from typing import Annotated

import typer
from typer.core import TyperGroup

from options import Config, Data, DryRun, EngineName, Json


class FetchByDefault(TyperGroup):
    """`gr crawl SOURCE` is `gr crawl fetch SOURCE`."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Put `fetch` before arguments that name no command."""
        if args[:1] != ["--help"] and not (args and args[0] in self.commands):
            args = ["fetch", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=FetchByDefault,
    help="Fetch pages and extract their text: gr crawl SOURCE... is short for gr crawl fetch SOURCE...",
)


@app.command("fetch")
def fetch_pages(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE", help="URLs, sitemaps (.xml), and files with a URL on each line."),
    ] = None,
    data: Data = None,
    config: Config = None,
    json: Json = False,
    max_pages: Annotated[int | None, typer.Option(min=0, help="Pages in this run; 0 for no limit.")] = None,
    max_depth: Annotated[int | None, typer.Option(min=0, help="Links followed from a source.")] = None,
    allow: Annotated[list[str] | None, typer.Option(metavar="REGEX", help="Follow only such URLs.")] = None,
    delay: Annotated[float | None, typer.Option(min=0, help="Seconds between requests to one host.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Fetch pages (table pages) and extract their text (table texts).

    Run it again to go on where it stopped, also without a SOURCE.

    Example: gr crawl https://example.org/ --max-pages 500
    """
    from console import finish, reporting
    from crawl.extract import extract
    from crawl.fetch import fetch, plan
    from settings import load_settings
    from store import Store

    flags = {"max_pages": max_pages, "max_depth": max_depth, "allow": allow or None, "delay": delay}
    settings = load_settings(config, data=data, crawl=flags)
    store = Store(settings.data, settings.state)
    if dry_run:
        planned = [plan(store, settings.crawl, sources or [])]
        return finish(planned, settings.state, as_json=json, dry_run=True)
    with reporting(settings.state, as_json=json) as summaries:
        fetch(store, settings.crawl, sources or [], summaries)
        extract(store, settings, summaries)


@app.command("extract")
def extract_texts(
    data: Data = None, config: Config = None, json: Json = False, engine: EngineName = None
) -> None:
    """Extract the text of fetched pages: pages -> texts, for the shards still to do.

    Example: gr crawl extract --data data
    """
    from console import reporting
    from crawl.extract import extract
    from settings import load_settings
    from store import Store

    settings = load_settings(config, data=data, engine=engine)
    with reporting(settings.state, as_json=json) as summaries:
        extract(Store(settings.data, settings.state), settings, summaries)
