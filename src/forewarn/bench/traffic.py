"""Figure: an hour of real aircraft, alone and with invented threats among them."""

from collections.abc import Callable

import numpy as np

from forewarn.bench.drawing import default_chain, judged, numbered, region_zones
from forewarn.bench.result import Ask, Figure, Result
from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray, geographic_points
from forewarn.records import AlertState, Tracks, Zones
from forewarn.score import summarise
from forewarn.sim.raid_keys import Generated
from forewarn.sim.traffic import Extra, make_traffic, traffic_raid
from forewarn.units import RAD_PER_DEG

NEAR_M = 1500.0


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """Run the hour twice: as it was, and stripped of identities with threats added."""
    source, seconds = ask.aircraft, 60.0 * ask.minutes
    if not source.exists():
        raise ConfigError(f"{source}: real aircraft are not here; nothing measured")
    alone, _ = make_traffic(source, Extra(seconds=seconds), seed=1)
    zones = region_zones(traffic_raid(source))
    quiet = sum(covers(alone, zones).values())
    progress()
    mixed, _ = make_traffic(source, Extra(20, 5, False, seconds), seed=1)
    caused = covers(mixed, zones)["aircraft"]
    progress()
    score = summarise([judged("traffic", mixed, zones)])
    progress()
    people = score.people
    return Result(
        "traffic",
        "Real air traffic around Paris, 20 rockets and 5 drones added",
        (
            Figure("take_cover with traffic alone", float(quiet), goal="<= 0"),
            Figure(
                "take_cover that aircraft caused, identities stripped", caused, goal="<= 0"
            ),
            Figure(
                "people warned in time, of those who could be",
                people.in_time_share.value,
                goal=">= 0.95",
                note=f"{people.could:,.0f} people",
            ),
            Figure(
                "in vain: warning the oblast / ours",
                score.minutes.practices[0].ratio.value,
                goal=">= 4",
            ),
        ),
    )


def covers(drawn: Generated, zones: Zones) -> dict[str, float]:
    """Zones newly told to take cover, by what truly flew where their threats were seen.

    An alert is an aircraft's when every track it names lies nearest to an aircraft.
    """
    pipeline = default_chain(drawn.sensors, zones)
    threats = set(drawn.truth.threat_id)
    found = {"aircraft": 0.0, "threat": 0.0}
    for event in numbered(drawn):
        outcome = pipeline.step(event)
        told = [a for a in outcome.alerts if a.state is AlertState.TAKE_COVER]
        if not told:
            continue
        nearest = _nearest(outcome.tracks, drawn, event.received_s)
        for alert in told:
            names = {nearest.get(name, "") for name in alert.threats}
            found["threat" if names & threats or names == {""} else "aircraft"] += 1
    return found


def _nearest(tracks: Tracks, drawn: Generated, now_s: float) -> dict[str, str]:
    """What truly flew nearest to each track, "" where nothing was near."""
    truth = drawn.truth
    rows = np.abs(truth.state_time_s - now_s) <= 0.6
    names = np.array(truth.state_id)[rows]
    mean = np.einsum("nm,nmk->nk", tracks.mode_weight, tracks.mean)
    if not len(mean) or not len(names):
        return {}
    lat, lon, height = geographic_points(mean[:, :3])
    place: FloatArray = truth.state[rows]
    scale = 6.37e6 * np.array([1.0, np.cos(lat.mean())])
    away = np.stack(
        [
            (place[:, 0] * RAD_PER_DEG - lat[:, None]) * scale[0],
            (place[:, 1] * RAD_PER_DEG - lon[:, None]) * scale[1],
            place[:, 2] - height[:, None],
        ]
    )
    distance = np.linalg.norm(away, axis=0)
    best = distance.argmin(axis=1)
    return {
        f"T{track_id}": str(names[k]) if distance[i, k] < NEAR_M else ""
        for i, (track_id, k) in enumerate(zip(tracks.track_id, best, strict=True))
    }
