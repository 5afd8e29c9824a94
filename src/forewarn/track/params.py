"""When a track begins, counts and ends; every number with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrackParams:
    """Settings of the tracker: table [track] of a site file.

    start_span_s    : two plots start a young track if they lie no further apart than this,
                      or 1.6 scans
    young_s         : a young track lives this long without a plot, or 1.6 scans,
                      unless it counts
    young_log_odds  : below this a young track is dropped
    rival_log_odds  : and so is one worth this much less than its leader,
    rivals          : and all beyond so many
    grown_hits      : plots that make a track of a leader,
    grown_lead      : if it leads its best rival by this much (log odds)
    grown_s         : or has lived this long
    kin_s, kin_most : how long, and how many, beginnings of tracks are remembered: what
                      follows from the same place flies alike
    listen_s        : bearings that no track explains are remembered this long,
    listen_people_s : those of sensors without a rate (people), who report seldom,
    hearing_m       : and cross no further from their observers than this;
    listen_reports  : so many must agree on a place
    listen_log_odds : and be worth this much for a track to begin there
    listen_per_m2   : drones expected to come into hearing, a scan and m2: one an hour over
                      300 km2
    confirm_hits    : plots before a track counts: at three, clutter still lines up
    confirm_log_odds: and log odds it must have reached,
    confirm_fast    : of what is faster than fast_mps: four false plots of a jammed radar
                      that line up reach 5 to 12 some times an hour; what flies has 17
    open_s          : whose name is whose is left open for so long at most, while two tracks
    apart           : lie no further apart than so many standard deviations
    fast_mps        : above this speed nothing is traffic,
    flies_on        : and it counts once it has flown on, so fast, this many times as far
                      as its place is vague, or for settle_s: one wrong plot makes anything
                      fast;
    looks_slow      : slower targets need these,
    settle_s        : and this time, to be told from aircraft
    most_log_odds   : belief never goes above this, so that a lost target is let go
    drop_log_odds   : below this it is dropped
    coast_s         : a track lives this long without a plot, or coast_scans scans
    coast_scans     : of the slowest sensor that saw it
    below_m         : a track unseen is over once it lies this far below the lowest sensor
    late_s          : a scan may be older than the newest by this much
    """

    start_span_s: float = 1.3
    young_s: float = 1.6
    young_log_odds: float = -9.0
    rival_log_odds: float = 12.0
    rivals: int = 3
    grown_hits: int = 4
    grown_lead: float = 4.0
    grown_s: float = 4.0
    kin_s: float = 30.0
    kin_most: int = 64
    listen_s: float = 4.0
    listen_people_s: float = 15.0
    hearing_m: float = 6000.0
    listen_reports: int = 4
    listen_log_odds: float = 6.0
    listen_per_m2: float = 1e-12
    confirm_hits: int = 4
    confirm_log_odds: float = 5.0
    confirm_fast: float = 12.0
    open_s: float = 8.0
    apart: float = 3.0
    fast_mps: float = 340.0
    flies_on: float = 8.0
    looks_slow: int = 4
    settle_s: float = 15.0
    most_log_odds: float = 18.0
    drop_log_odds: float = -6.0
    coast_s: float = 6.0
    coast_scans: float = 4.5
    below_m: float = 50.0
    late_s: float = 10.0
