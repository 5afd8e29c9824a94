"""The demo ends when so much of its raid was shown, however long it took to begin."""

import asyncio
import time

from forewarn.app.demo import RaidSource
from forewarn.sim import raids


def test_seconds_are_counted_from_the_first_scan() -> None:
    source = RaidSource(raids.load("demo"), seed=1, speed=50.0)
    time.sleep(0.1)  # five seconds of it, in which kernels might be compiled
    assert not source.shown(1.0)

    async def first() -> None:
        async for _ in source.events():
            return

    asyncio.run(first())
    assert not source.shown(1e4)
    time.sleep(0.1)
    assert source.shown(1.0)
