"""What one stage hands to the next: batches, targets first, components last."""

from dataclasses import dataclass

from forewarn.records.arrays import BoolArray, FloatArray, IntArray, seal

# how a target may move; it falls by one of the drag curves of `threats.SHAPES`
MODES = (
    "boosting",
    "falling, finned",
    "falling, boat-tailed",
    "falling, blunt",
    "straight",
    "turning",
)
BOOSTING, FALLING, STRAIGHT, TURNING = 0, 1, 4, 5  # of several that fall, the first


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """What flies: one row per track, in order of track id.

    received_s  : "now"
    track_id    : (n,)           number that stays with the track
    time_s      : (n,)           UTC seconds at which its state is true (its last update)
    mean        : (n, 6, 7)      per mode (MODES): ECEF position m, velocity m/s, ln beta
                                 (of boosting, turning: what is known beforehand);
                                 zeros where the mode's weight is 0
    cov         : (n, 6, 7, 7)   covariance of each
    mode_weight : (n, 6)         probability of each mode, sums to 1
    turn_radps  : (n, 2)         turn rate, clockwise from above, if it turns, and its
                                 standard deviation; zeros where turning has weight 0
    class_prob  : (n, 6)         probability of each class (threats.CLASSES), sums to 1
    existence   : (n,)           probability that it exists at all
    confirmed   : (n,) bool      passed the start rule and the physics checks
    named       : (n,) bool      its name will hardly change any more
    trusted     : (n,) bool      a trusted sensor alone would have confirmed it, and at most
                                 one independent group that looks there denies it
    group_mask  : (n,) int64     bit i: group_names[i] saw it
    first_s     : (n,)           time of its first plot
    silence     : (n,)           log odds, of scans since its last plot, against its flying
                                 on level: they would have shown it
    hits        : (n,) int64     plots so far
    identity    : (n,)           of identified traffic, else ""
    """

    received_s: float
    track_id: IntArray
    time_s: FloatArray
    mean: FloatArray
    cov: FloatArray
    mode_weight: FloatArray
    turn_radps: FloatArray
    class_prob: FloatArray
    existence: FloatArray
    confirmed: BoolArray
    named: BoolArray
    trusted: BoolArray
    group_mask: IntArray
    first_s: FloatArray
    silence: FloatArray
    hits: IntArray
    withdrawn: IntArray
    identity: tuple[str, ...]
    group_names: tuple[str, ...]

    def __post_init__(self) -> None:
        n = len(self.track_id)
        shapes: dict[str, tuple[int, ...]] = {
            "track_id": (n,),
            "time_s": (n,),
            "mean": (n, len(MODES), 7),
            "cov": (n, len(MODES), 7, 7),
            "mode_weight": (n, len(MODES)),
            "turn_radps": (n, 2),
            "class_prob": (n, 6),
            "existence": (n,),
            "confirmed": (n,),
            "named": (n,),
            "trusted": (n,),
            "group_mask": (n,),
            "first_s": (n,),
            "silence": (n,),
            "hits": (n,),
            "withdrawn": (len(self.withdrawn),),
        }
        for name, shape in shapes.items():
            seal("tracks", name, getattr(self, name), shape)


@dataclass(frozen=True, slots=True, eq=False)
class Forecasts:
    """Where and when every threat may come down: weighted futures, grouped by track.

    Each future is a small Gaussian on the ground, so that few of them tell smooth areas.
    Per track (n):
    track_id, group_mask, trusted, identity-free; as in Tracks
    start        : (n + 1,)  futures of track i are rows start[i] .. start[i + 1]
    harmful_m    : (n,)      radius within which it harms
    kind         : (n,)      index into threats.CLASSES, for words and the map
    first_s      : (n,)      time of its first plot
    last_s       : (n,)      time by which it must be down or lost from this forecast (99 %)
    made_s       : (n,)      time of the state its futures were made from; names them
    stale        : (n,) bool its track can no longer be flown: this is its last forecast
    Per future (k); weights of one track sum to the probability that it is a threat at all:
    weight       : (k,)
    place_rad    : (k, 2)    latitude, longitude of the centre
    cov_m2       : (k, 3)    east-east, east-north, north-north
    time_s       : (k,)      UTC seconds of coming down at the centre
    slope_spm    : (k, 2)    how that time changes east, north of the centre, s/m
    sigma_time_s : (k,)      what remains uncertain of the time
    """

    received_s: float
    track_id: IntArray
    group_mask: IntArray
    trusted: BoolArray
    harmful_m: FloatArray
    kind: IntArray
    first_s: FloatArray
    last_s: FloatArray
    made_s: FloatArray
    stale: BoolArray
    start: IntArray
    weight: FloatArray
    place_rad: FloatArray
    cov_m2: FloatArray
    time_s: FloatArray
    slope_spm: FloatArray
    sigma_time_s: FloatArray
    group_names: tuple[str, ...]

    def __post_init__(self) -> None:
        n, k = len(self.track_id), len(self.weight)
        shapes: dict[str, tuple[int, ...]] = {
            "track_id": (n,),
            "group_mask": (n,),
            "trusted": (n,),
            "harmful_m": (n,),
            "kind": (n,),
            "first_s": (n,),
            "last_s": (n,),
            "made_s": (n,),
            "stale": (n,),
            "start": (n + 1,),
            "weight": (k,),
            "place_rad": (k, 2),
            "cov_m2": (k, 3),
            "time_s": (k,),
            "slope_spm": (k, 2),
            "sigma_time_s": (k,),
        }
        for name, shape in shapes.items():
            seal("forecasts", name, getattr(self, name), shape)


@dataclass(frozen=True, slots=True, eq=False)
class Exposures:
    """Whom it threatens: one row per pair of zone and threat, ordered by zone, then threat.

    zone        : (p,) int64  row in Zones
    threat      : (p,) int64  row in track_id
    probability : (p,)        mean over the zone's people of being within its harmful radius
    onset_p05_s : (p,)        UTC seconds: early 5 % quantile of its coming down there
    onset_p50_s : (p,)        median of the same
    Per threat (n): track_id, group_mask, trusted, kind, first_s, last_s as in Forecasts.
    """

    received_s: float
    zone: IntArray
    threat: IntArray
    probability: FloatArray
    onset_p05_s: FloatArray
    onset_p50_s: FloatArray
    track_id: IntArray
    group_mask: IntArray
    trusted: BoolArray
    kind: IntArray
    first_s: FloatArray
    last_s: FloatArray
    group_names: tuple[str, ...]

    def __post_init__(self) -> None:
        p, n = len(self.zone), len(self.track_id)
        shapes: dict[str, tuple[int, ...]] = {
            "zone": (p,),
            "threat": (p,),
            "probability": (p,),
            "onset_p05_s": (p,),
            "onset_p50_s": (p,),
            "track_id": (n,),
            "group_mask": (n,),
            "trusted": (n,),
            "kind": (n,),
            "first_s": (n,),
            "last_s": (n,),
        }
        for name, shape in shapes.items():
            seal("exposures", name, getattr(self, name), shape)
