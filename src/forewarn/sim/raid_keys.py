"""What a raid file says: its tables, key by key, and what one drawing of it gives."""

from dataclasses import dataclass, field

from forewarn.files import Truth
from forewarn.records import PlotBatch, Sensor, Weather


@dataclass(frozen=True, slots=True)
class RegionKeys:
    """[region]: whom the raid is judged for; zones are made for it."""

    name: str
    lat_deg: float
    lon_deg: float
    radius_km: float
    shelter_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyKeys:
    """What salvos and barrages say of their bodies: motor, weight for its size, pattern."""

    start_s: float = 0.0
    ripple_s: float = 0.5
    spread_m: float = 400.0
    kind: str = "rocket"
    burn_s: float = 3.0
    beta: float = 14000.0
    elevation_deg: float = 43.0


@dataclass(frozen=True, slots=True)
class SalvoKeys(BodyKeys):
    """[[salvo]]: rockets, or one missile, towards a place.

    from_deg : direction, seen from the aim, out of which they come
    speeds are chosen so that the range is met; `burn_s` and `beta` are the body's own
    """

    aim_lat_deg: float
    aim_lon_deg: float
    range_km: float
    from_deg: float
    count: int = 1


@dataclass(frozen=True, slots=True)
class BarrageKeys(BodyKeys):
    """[[barrage]]: salvos at towns of the region, drawn anew with every seed.

    towns    : so many, drawn by the people who live there; `count` is shared among them
    range_km, from_deg : between which each salvo's lie
    within_s : the salvos begin evenly over so long
    """

    count: int
    towns: int
    range_km: tuple[float, float]
    within_s: float
    from_deg: tuple[float, float] = (0.0, 360.0)


@dataclass(frozen=True, slots=True)
class DroneKeys:
    """[[drone]]: from a distance, with turns, to a dive on a place.

    leg_km     : between two turns, shortest and longest
    wander_deg : standard deviation of a leg's course from that to the aim
    final_km   : the last leg, straight to the aim, shortest and longest
    turn_degps : at most, however far a leg turns
    """

    aim_lat_deg: float
    aim_lon_deg: float
    from_deg: float
    distance_km: float
    count: int = 1
    start_s: float = 0.0
    every_s: float = 20.0
    height_m: float = 800.0
    speed_mps: float = 50.0
    spread_m: float = 600.0
    wander_deg: float = 12.0
    leg_km: tuple[float, float] = (1.5, 4.0)
    final_km: tuple[float, float] = (1.5, 1.5)
    turn_degps: float = 3.0
    kind: str = "drone"


@dataclass(frozen=True, slots=True)
class SwarmKeys:
    """[[swarm]]: drones or cruise missiles at towns of the region, each by itself.

    stray_share : come down anywhere in the region instead
    distance_km, from_deg, height_m : between which each one's lie
    within_s    : they set off evenly over so long
    """

    count: int
    distance_km: tuple[float, float]
    within_s: float
    from_deg: tuple[float, float] = (0.0, 360.0)
    height_m: tuple[float, float] = (300.0, 1500.0)
    stray_share: float = 0.0
    start_s: float = 0.0
    speed_mps: float = 50.0
    spread_m: float = 600.0
    wander_deg: float = 20.0
    leg_km: tuple[float, float] = (8.0, 16.0)
    final_km: tuple[float, float] = (4.0, 10.0)
    turn_degps: float = 3.0
    kind: str = "drone"


@dataclass(frozen=True, slots=True)
class TrafficKeys:
    """[[traffic]]: what flies across the region and is no threat.

    name       : what it is, for figures
    identified : says who it is, and where
    wander_deg : standard deviation of its turns, one every `turn_s`
    """

    name: str = "aircraft"
    count: int = 4
    height_m: tuple[float, float] = (8000.0, 11500.0)
    speed_mps: tuple[float, float] = (200.0, 245.0)
    identified: bool = True
    wander_deg: float = 10.0
    turn_s: float = 600.0


@dataclass(frozen=True, slots=True)
class FaultKeys:
    """[faults]: what goes otherwise than stated; nothing does where a raid has none.

    tumble_share     : rockets that lose their stability somewhere on the way
    short_burn_share : rockets whose motor stops early
    wind_error_mps   : error of the wind that the site is told, per axis; without a table
                       the site is told of no wind at all
    range_bias_m, azimuth_bias_deg, elevation_bias_deg : of each radar, standard deviation
    drop_outs_per_h, drop_out_s : a radar falls silent so often, for so long at the mean
    late_share, late_s : scans that come late, and by how much at most
    doubled_share    : scans that come twice
    jammed_per_h, jammed_s : false plots in one direction, as above
    error_ratio      : true errors of what sensors measure, over those that they state
    """

    tumble_share: float = 0.0
    short_burn_share: float = 0.0
    wind_error_mps: float = 0.0
    range_bias_m: float = 0.0
    azimuth_bias_deg: float = 0.0
    elevation_bias_deg: float = 0.0
    drop_outs_per_h: float = 0.0
    drop_out_s: float = 10.0
    late_share: float = 0.0
    late_s: float = 3.0
    doubled_share: float = 0.0
    jammed_per_h: float = 0.0
    jammed_s: float = 120.0
    error_ratio: float = 1.0


@dataclass(frozen=True, slots=True)
class RaidKeys:
    """[raid]: name, wind towards east and north at height, quiet before and after."""

    name: str
    description: str = ""
    wind_mps: tuple[float, float] = (6.0, 3.0)
    quiet_before_s: float = 5.0
    quiet_after_s: float = 60.0
    rotating: bool = False


@dataclass(frozen=True, slots=True)
class Raid:
    """A raid file, checked."""

    raid: RaidKeys
    region: RegionKeys
    sensors: tuple[Sensor, ...]
    salvos: tuple[SalvoKeys, ...] = ()
    barrages: tuple[BarrageKeys, ...] = ()
    drones: tuple[DroneKeys, ...] = ()
    swarms: tuple[SwarmKeys, ...] = ()
    traffic: tuple[TrafficKeys, ...] = ()
    faults: FaultKeys | None = None
    source: str = field(default="")

    @property
    def error_ratio(self) -> float:
        """True errors of its sensors over those that they state."""
        return self.faults.error_ratio if self.faults else 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Generated:
    """One drawing of a raid: what sensors said, what truly happened, the wind told."""

    sensors: tuple[Sensor, ...]
    batches: list[PlotBatch]
    truth: Truth
    told: tuple[Weather, ...] = ()
