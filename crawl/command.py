"""The options of `gr crawl`. The work is done in fetch.py and extract.py."""

from __future__ import annotations

from typing import Annotated

import typer

from gr_toolkit.options import Again, Config, Data, DryRun, EngineName, GroupWithMainCommand, Json


class FetchByDefault(GroupWithMainCommand):
    """A group that runs `fetch` if no command is named: `gr crawl SOURCE` means `gr crawl fetch SOURCE`."""

    main_command = "fetch"

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Insert the main command if the arguments name no command."""
        if args[:1] != ["--help"] and not (args and args[0] in self.commands):
            args = [self.main_command, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=FetchByDefault,
    help="Fetch pages and extract their text: gr crawl SOURCE... is short for gr crawl fetch SOURCE...",
)


@app.command("fetch")
def fetch_pages(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE", help="URLs, sitemaps, URL files or archives; see docs/crawl.md."),
    ] = None,
    data: Data = None,
    config: Config = None,
    json: Json = False,
    max_pages: Annotated[int | None, typer.Option(min=0, help="Maximum pages per run; 0: no limit.")] = None,
    max_pages_per_host: Annotated[int | None, typer.Option(min=0, help="Maximum pages per host.")] = None,
    max_depth: Annotated[int | None, typer.Option(min=0, help="Links followed from a source.")] = None,
    allow: Annotated[list[str] | None, typer.Option(metavar="REGEX", help="Only URLs that match.")] = None,
    deny: Annotated[list[str] | None, typer.Option(metavar="REGEX", help="Skip URLs that match.")] = None,
    delay: Annotated[float | None, typer.Option(min=0, help="Seconds between requests to one host.")] = None,
    refetch_after: Annotated[
        str | None, typer.Option(metavar="AGE", help="Fetch a page again after this time: 12h, 30d, never.")
    ] = None,
    part: Annotated[
        str | None, typer.Option(metavar="N/M", help="Split the hosts into M parts; crawl part N.")
    ] = None,
    url_column: Annotated[str | None, typer.Option(metavar="NAME", help="Column of URLs in a table.")] = None,
    warc: Annotated[bool, typer.Option("--warc", metavar="", help="Also write WARC files.")] = False,
    allow_private: Annotated[
        bool | None,
        typer.Option("--allow-private", metavar="", help="Also fetch from this machine and its network."),
    ] = None,
    engine: EngineName = None,
    dry_run: DryRun = False,
) -> None:
    """Fetch pages (table pages) and extract their text (table texts).

    To continue a crawl that stopped, run the command again, with or without a SOURCE.

    Example: gr crawl https://example.org/ --max-pages 500
    """
    from crawl.fetch import plan
    from crawl.stage import crawl
    from gr_toolkit.console import reporting, show_summaries
    from gr_toolkit.settings import load_settings
    from gr_toolkit.store import Store

    limits = {"max_pages": max_pages, "max_pages_per_host": max_pages_per_host, "max_depth": max_depth}
    which = {"allow": allow or None, "deny": deny or None, "part": part, "refetch_after": refetch_after}
    flags = {**limits, **which, "delay": delay, "allow_private": allow_private}
    settings = load_settings(config, data=data, engine=engine, crawl=flags)
    store = Store(settings.data, settings.state)
    if dry_run:
        planned = [plan(store, settings, sources or [], url_column)]
        return show_summaries(planned, as_json=json)
    with reporting(settings.state, as_json=json) as summaries:
        crawl(store, settings, sources or [], summaries, url_column=url_column, warc=warc)


@app.command("extract")
def extract_texts(
    data: Data = None,
    config: Config = None,
    json: Json = False,
    engine: EngineName = None,
    again: Again = None,
) -> None:
    """Extract the text of fetched pages: write a shard of `texts` for each shard of `pages` that lacks one.

    Example: gr crawl extract --data gr-data
    """
    from crawl.extract import extract
    from gr_toolkit.console import reporting
    from gr_toolkit.settings import load_settings
    from gr_toolkit.store import Store

    settings = load_settings(config, data=data, engine=engine)
    with reporting(settings.state, as_json=json) as summaries:
        extract(Store(settings.data, settings.state), settings, summaries, again)


@app.command("status")
def show_crawl(data: Data = None, config: Config = None, json: Json = False) -> None:
    """Show how many pages of each host are stored, waiting or failed. Works while a crawl runs.

    Example: gr crawl status --json
    """
    from crawl.fetch import FRONTIER
    from crawl.frontier.status import show_hosts
    from gr_toolkit.settings import load_settings

    show_hosts(load_settings(config, data=data).state / FRONTIER, as_json=json)
