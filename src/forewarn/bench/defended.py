"""One drawing of a raid through the full chain, with a simulated defence and without."""

from collections.abc import Sequence
from dataclasses import dataclass

from forewarn.bench.drawing import judged_for
from forewarn.records import Zones
from forewarn.score import Judged
from forewarn.sim.defence import Doctrine, Layer
from forewarn.sim.defence.flown import Flown
from forewarn.sim.defence.sky import Sky
from forewarn.sim.raid_keys import Raid
from forewarn.sim.raids import draw


@dataclass(frozen=True, slots=True, eq=False)
class Defended:
    """One run, judged, and the defence as it stands after it."""

    judged: Judged
    flown: Flown


def undefended(raid: Raid, seed: int, zones: Zones) -> Judged:
    """A drawing of which all comes down."""
    return judged_for(raid.raid.name, draw(raid, seed).told(), (zones,))[0]


def defended(
    raid: Raid, seed: int, zones: Zones, layers: Sequence[Layer], doctrine: Doctrine
) -> Defended:
    """The same drawing under simulated layers; their luck has the raid's seed."""
    drawn = draw(raid, seed)
    flown = Flown(Sky(drawn), raid.region, layers, doctrine, seed)
    judged = judged_for(raid.raid.name, drawn.told(), (zones,), defence=flown)[0]
    return Defended(judged, flown)
