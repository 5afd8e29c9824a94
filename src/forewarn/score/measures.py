"""The figures of one run or of many, as records: what each of them means."""

from dataclasses import dataclass

from forewarn.score.calibration import Bin


@dataclass(frozen=True, slots=True)
class Share:
    """A share and its interval; nan = nothing to share, or too few runs to tell."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class People:
    """People in harm's way, counted once per impact.

    in_harm      : all of them; persons: the same, counted once
    could        : of those who could be warned: in_time + late + missed + cleared_early
    in_time_share: of those who could be warned; interval over runs
    threats, threats_failed : that hit people who could be warned; and of those, the ones
                   that reached anybody late or unwarned
    failed_share : threats_failed / threats, Clopper-Pearson over threats
    out_of_sight, too_short : in harm's way of a threat that no sensor saw, or saw too late
    too_short_told : of the latter, under alert when it came down all the same
    causes       : (cause, people) of those late, missed or cleared early, most first
    """

    in_harm: float
    persons: float
    could: float
    in_time: float
    late: float
    missed: float
    cleared_early: float
    in_time_share: Share
    threats: int
    threats_failed: int
    failed_share: Share
    out_of_sight: float
    too_short: float
    too_short_told: float
    causes: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Seconds:
    """Seconds given, from hearing the alert to the impact, to those who could be warned.

    given_p5, given_p50 : quantiles over people under alert when it came down
    enough_share        : had at least the seconds they need, of all who could be warned
    stated              : alerts of hit zones that stated seconds left
    early_held, median_held : share whose first impact came after the stated 5 % quantile
                          (0.95 is right) and after the stated median (0.5)
    pairs               : zones and threats that harmed their people, at decision time
    pairs_early, pairs_median : the same two shares of these; interval over runs
    """

    given_p5: float
    given_p50: float
    enough_share: float
    stated: int
    early_held: Share
    median_held: Share
    pairs: int
    pairs_early: Share
    pairs_median: Share


@dataclass(frozen=True, slots=True)
class Practice:
    """Minutes in vain of warning whole groups; ratio: of it to ours, interval over runs.

    held_min, held_in_vain_min, held_ratio : with alerts that last at least as long as half
        of the real ones of that practice do
    """

    name: str
    groups: str
    in_vain_min: float
    ratio: Share
    held_min: float
    held_in_vain_min: float
    held_ratio: Share


@dataclass(frozen=True, slots=True)
class Minutes:
    """Person-minutes under `take cover` and `stay`; in vain = of people no impact reached.

    prepare_ratio : under `prepare` to those under alert if raions were warned
    oracle_ratio  : of ours in vain to those of one who knew the true impacts
    path_ratio    : the same of one who knew the path of drones, but not where they dive
    """

    cover: float
    in_vain: float
    per_person: float
    prepare: float
    prepare_ratio: Share
    practices: tuple[Practice, ...]
    oracle_in_vain: float
    oracle_ratio: Share
    path_in_vain: float
    path_ratio: Share


@dataclass(frozen=True, slots=True)
class Clear:
    """Seconds from the end of the last threat of an alert to its all clear, by kind."""

    kind: str
    alerts: int
    p50_s: float
    p95_s: float


@dataclass(frozen=True, slots=True)
class Alerts:
    """Counts of `take cover` alerts, one per zone and stretch.

    not_hit       : of zones in which nobody was reached meanwhile; people in them
    baseless      : raised while no threat was in the air; people in them
    flicker       : began within ten minutes after the zone's last one ended
    flicker_share, same_share : of all alerts, those; and those for the same threat
    not_cleared   : had no all clear by the end of the run
    clear_p50_s, clear_p95_s : from the end of an alert's last threat to its all clear
    last_clear_s  : worst, from the end of the last threat to the last all clear
    """

    take_cover: int
    by_kind: tuple[tuple[str, int], ...]
    not_hit: int
    not_hit_people: float
    baseless: int
    baseless_people: float
    flicker: int
    flicker_share: Share
    flicker_same: int
    same_share: Share
    not_cleared: int
    clear_p50_s: float
    clear_p95_s: float
    clear_by_kind: tuple[Clear, ...]
    last_clear_s: float


@dataclass(frozen=True, slots=True)
class Area:
    """Median over threats of the area that holds 95 %, at the time of decision.

    over_bound : median of its ratio to the Cramer-Rao bound, of `bounded` threats that fell
                 by then; nan = of none
    """

    kind: str
    threats: int
    median_km2: float
    bounded: int
    over_bound: float


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from the event that caused an alert to its being on disk."""

    alerts: int
    p50_s: float
    p95_s: float
    p99_s: float


@dataclass(frozen=True, slots=True)
class Score:
    """Every measure, of one run or of several together."""

    runs: tuple[str, ...]
    threats: int
    impacts: int
    population: float
    people: People
    seconds: Seconds
    minutes: Minutes
    alerts: Alerts
    calibration: tuple[Bin, ...]
    sharpness: tuple[Area, ...]
    latency: Latency
