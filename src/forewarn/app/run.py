"""`forewarn run`: the service, on real feeds."""

from pathlib import Path
from typing import Annotated

import typer


def run(
    site: Annotated[Path, typer.Argument(help="site file")],
    port: Annotated[int | None, typer.Option(help="instead of [web] port")] = None,
) -> None:
    """Run a site: sensors in, zones warned, until stopped."""
    import asyncio
    from dataclasses import replace

    from forewarn.app.core_process import begin

    begin()
    from forewarn.app.clock import SteadyClock
    from forewarn.app.logs import log_to_stderr
    from forewarn.app.service import Plan, Service
    from forewarn.errors import ConfigError
    from forewarn.files import read_site
    from forewarn.pipeline import Source
    from forewarn.sources import Feed, open_feeds
    from forewarn.sources.air import AirSource
    from forewarn.web.board import Clock
    from forewarn.web.tls import is_secure

    said = read_site(site)
    if not said.feeds:
        raise ConfigError(f"{site}: no [[sensor]] has a feed; expected feed = 'udp://...'")
    if port is not None:
        said = replace(said, web=replace(said.web, port=port))
    feeds = [
        Feed(
            f.sensor, f.feed, f.sac, f.sic, **({"edition": f.edition} if f.edition else {})
        )
        for f in said.feeds
    ]
    folder = site.resolve().parent
    steady = SteadyClock()
    sources: list[Source] = [*open_feeds(feeds, folder, steady.now_s)]
    if said.air.profile is not None:
        sources.append(AirSource(folder / said.air.profile, clock=steady.now_s))
    plan = Plan(
        site=said,
        sensors=said.sensors,
        sources=tuple(sources),
        clock=Clock(steady.now_s),
        steady=steady,
    )
    log_to_stderr()
    scheme = "https" if is_secure(said.web) and not said.web.behind_proxy else "http"
    print(f"Forewarn: {scheme}://{said.web.host}:{said.web.port}/  console: /console")
    asyncio.run(Service(plan).run())
