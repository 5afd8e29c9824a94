"""The demo's defence: invented, simulated, and marked so wherever it is seen."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from forewarn.geodesy import FloatArray, ecef_from_geographic, geographic_points
from forewarn.sim.defence import Battery, Debris, Doctrine, Layer, Odds, Timing
from forewarn.sim.defence.flown import LIKELY, Engagement, Flown, Said
from forewarn.sim.raid_keys import RegionKeys
from forewarn.threats import HARMFUL_M
from forewarn.units import DEG_PER_RAD, RAD_PER_DEG
from forewarn.web.board import Board
from forewarn.web.scene import Scene

DOCTRINE = Doctrine(engage="populated_only")
ENGAGED, STOPPED, MISSED, LET_FALL = "#5ad1ff", "#6fe08a", "#ff6b5e", "#9aa7b3"


def invented(region: RegionKeys) -> tuple[Layer, ...]:
    """One layer that stands nowhere: all of the region is in reach of its middle."""
    middle = (region.radius_km, region.radius_km)
    battery = Battery("invented", 1.5 * region.radius_km, 8, 20, at_km=middle)
    timing = Timing(window_s=40.0, cycle_s=6.0, ends_s=3.0)
    odds = Odds(0.8, "round")
    return (Layer("invented", odds, timing, (battery,), debris=Debris(share=0.5)),)


def mark(flown: Flown, board: Board) -> None:
    """One step of the defence on what operators see; the board shows what it does."""
    now_s = board.scene.at_s
    said = said_in(board.scene)
    if fired := flown.step(now_s, said):
        count = len({one.track_id for one in fired})
        board.note(f"SIMULATED defence: {count} heading for people engaged")
    spared = [_spared(one) for one in said if flown.lets_fall(now_s, one)]
    board.marks = [_fired(one, now_s) for one in flown.log] + spared


def said_in(scene: Scene) -> list[Said]:
    """What operators see of likely threats."""
    return [
        Said(
            track_id=int(track["id"][1:]),
            time_s=scene.at_s,
            pos_ecef_m=_place(track),
            impact_s=area["onset_p50_s"],
            impact_rad=_middle(area["futures"]),
            harmful_m=HARMFUL_M[area["kind"]],
        )
        for track in scene.tracks.values()
        if track["confirmed"] and track["threat_probability"] >= LIKELY
        for area in [scene.areas.get(track["id"])]
        if area is not None
    ]


def _place(track: Mapping[str, Any]) -> FloatArray:
    lat, lon, height = track["place"][:3]
    return np.array(ecef_from_geographic(lat * RAD_PER_DEG, lon * RAD_PER_DEG, height))


def _middle(futures: list[list[float]]) -> FloatArray:
    """Mean latitude, longitude (rad) of an area's futures."""
    share, lat, lon = np.array(futures).T[:3]
    middle = np.array([share @ lat, share @ lon]) / share.sum()
    return np.asarray(middle * RAD_PER_DEG)


def _fired(one: Engagement, now_s: float) -> dict[str, Any]:
    lat, lon, _ = geographic_points(one.pos_ecef_m[None].copy())
    place = (float(lat[0]), float(lon[0]))
    if now_s < one.ends_s:
        return _mark(f"E{one.track_id}", place, "engaged", ENGAGED)
    if one.stopped:
        return _mark(f"E{one.track_id}", place, "intercepted", STOPPED)
    return _mark(f"E{one.track_id}", place, "missed", MISSED)


def _spared(one: Said) -> dict[str, Any]:
    place = (float(one.impact_rad[0]), float(one.impact_rad[1]))
    return _mark(f"F{one.track_id}", place, "let fall, open country", LET_FALL)


def _mark(name: str, place: tuple[float, float], text: str, colour: str) -> dict[str, Any]:
    return {
        "id": name,
        "lat_deg": round(place[0] * DEG_PER_RAD, 5),
        "lon_deg": round(place[1] * DEG_PER_RAD, 5),
        "text": f"SIMULATED: {text}",
        "colour": colour,
    }
