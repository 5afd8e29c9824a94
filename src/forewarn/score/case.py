"""What the judge looks at: what truly happened, who lives where, what was told when."""

from dataclasses import dataclass

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.records import Alert, IntArray, Sensor, Zones, seal


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """True places of all that flew, aircraft and birds too, by body, then time.

    start     : (b + 1,) rows of body i are start[i] .. start[i + 1]; the first bodies are
                the threats of the case, in its order
    time_s    : (k,) UTC seconds
    place_rad : (k, 2) latitude, longitude
    height_m  : (k,) above the ellipsoid
    """

    start: IntArray
    time_s: FloatArray
    place_rad: FloatArray
    height_m: FloatArray

    def __post_init__(self) -> None:
        k = int(self.start[-1])
        seal("paths", "time_s", self.time_s, (k,))
        seal("paths", "place_rad", self.place_rad, (k, 2))
        seal("paths", "height_m", self.height_m, (k,))


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One run of one raid. Threats only: aircraft and birds are none, and stand elsewhere.

    name       : of the run, for tables
    threat_id  : (n,) text
    kind       : (n,) text, of the truth contract
    appears_s  : (n,) UTC seconds of launch, or of entry into the recording
    impact_s   : (n,) UTC seconds; nan = never comes down
    impact_rad : (n, 2) latitude, longitude; nan = never comes down
    harmful_m  : (n,) radius within which people are harmed
    seen_s     : (n,) first moment in any sensor's cover; inf = never
    until_s    : end of the run, where alerts that were never cleared are cut
    paths      : what truly flew where; None = not known
    sensors    : that looked on
    """

    name: str
    threat_id: tuple[str, ...]
    kind: tuple[str, ...]
    appears_s: FloatArray
    impact_s: FloatArray
    impact_rad: FloatArray
    harmful_m: FloatArray
    seen_s: FloatArray
    zones: Zones
    alerts: tuple[Alert, ...]
    until_s: float
    paths: Paths | None = None
    sensors: tuple[Sensor, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.threat_id)
        for name in ("appears_s", "impact_s", "harmful_m", "seen_s"):
            seal(self.name, name, getattr(self, name), (n,))
        seal(self.name, "impact_rad", self.impact_rad, (n, 2))

    @property
    def lands(self) -> IntArray:
        """Rows of the threats that come down."""
        return np.flatnonzero(np.isfinite(self.impact_s))


@dataclass(frozen=True, slots=True)
class Rules:
    """How the judge counts; the same for every run.

    delay_s  : seconds from decision to people's ears: fastest and slowest of a uniform
               draw, one per zone and threat; published tests of phones took 4 to 13 s
    spare_s  : beyond shelter and delay, what a threat must be in view to count
    margin_s : of the oracle, as the product's own
    hold_s   : of the oracle, as the product's own
    oracle_delay_s : channel delay the oracle allows for, as the product does
    flicker_s : on-off-on within this is a flicker
    dive_m    : how far ahead of where it begins a drone's last dive may end, least and
                most: 0.3 to 2 km, as in the study of the decision alone (docs/score.md)
    """

    delay_s: tuple[float, float] = (4.0, 13.0)
    spare_s: float = 5.0
    margin_s: float = 5.0
    hold_s: float = 20.0
    oracle_delay_s: float = 13.0
    flicker_s: float = 600.0
    dive_m: tuple[float, float] = (300.0, 2000.0)
