"""What operators see, as it stands: live, or of a stretch that is played again."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TRAIL_S = 5.0  # between two points of a trail
TRAIL_MAX = 36  # points of it
LOG_MAX = 1000
LINE_ZONES = 200  # of a line, to fly to

Body = dict[str, Any]
Known = dict[str, dict[str, Any]]


@dataclass(slots=True)
class Scene:
    """Alerts, tracks, areas, what zones are held against, and the time line.

    told    : by zone: its alert
    weighed : by zone, those near their threshold: what they are held against now
    at_s    : when tracks were where they are said to be
    """

    told: Known = field(default_factory=dict)
    tracks: Known = field(default_factory=dict)
    areas: Known = field(default_factory=dict)
    weighed: Known = field(default_factory=dict)
    log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LOG_MAX))
    people_at_risk: float = 0.0
    at_s: float = 0.0
    seq: int = 0
    _trails: dict[str, tuple[float, deque[tuple[float, float]]]] = field(
        default_factory=dict
    )
    _lines: int = 0
    _sent: int = 0

    def show(self, picture: Mapping[str, Any]) -> Body:
        """Take up what changed in the chain's picture; what to send of it."""
        if picture["reset"]:
            for known in (self.tracks, self.areas, self.weighed, self._trails):
                known.clear()
        self.seq, self.at_s = picture["seq"], picture["at_s"]
        self.people_at_risk = picture["people_at_risk"]
        _apply(self.tracks, picture["tracks"], "id")
        _apply(self.areas, picture["areas"], "track_id")
        _apply(self.weighed, picture["weighed"], "zone_id")
        for name, *place in picture["tracks"]["moved"]:
            self.tracks[name] = self.tracks[name] | {"place": tuple(place)}
        self._trail(picture["tracks"])
        if picture["reset"]:
            return self.whole()
        return self._body({key: picture[key] for key in ("tracks", "areas", "weighed")})

    def tell(self, zones: Known) -> Body:
        """Take up steps of alerts, by zone; what to send of them."""
        gone = [zone for zone, why in zones.items() if why["state"] == "all_clear"]
        changed = {
            "set": [why for zone, why in zones.items() if why["state"] != "all_clear"],
            "gone": gone,
        }
        _apply(self.told, changed, "zone_id")
        return self._body({"zones": changed})

    def note(self, time_s: float, kind: str, text: str, **where: Any) -> None:
        """A line on the time line. kind: what it is about; where: zone_ids or sensor_id."""
        self._lines += 1
        line = {"n": self._lines, "time_s": time_s, "kind": kind, "text": text}
        self.log.append(line | where)

    def whole(self) -> Body:
        """All of it, for who begins to look; what is sent later follows on it."""
        return self._head(list(self.log), reset=True) | {
            "zones": {"set": list(self.told.values()), "gone": []},
            "tracks": {"set": list(self.tracks.values()), "moved": [], "gone": []},
            "areas": {"set": list(self.areas.values()), "gone": []},
            "weighed": {"set": list(self.weighed.values()), "gone": []},
            "trails": {name: list(trail) for name, (_, trail) in self._trails.items()},
        }

    def _body(self, changed: Body) -> Body:
        """What changed, with the lines that were not sent yet."""
        lines = [line for line in self.log if line["n"] > self._sent]
        self._sent = self._lines
        return self._head(lines, reset=False) | changed

    def _head(self, lines: list[dict[str, Any]], reset: bool) -> Body:
        return {
            "seq": self.seq,
            "at_s": self.at_s,
            "reset": reset,
            "people_at_risk": self.people_at_risk,
            "log": lines,
        }

    def _trail(self, tracks: Mapping[str, Any]) -> None:
        for name in tracks["gone"]:
            self._trails.pop(name, None)
        for name in [track["id"] for track in tracks["set"]] + [
            row[0] for row in tracks["moved"]
        ]:
            last_s, trail = self._trails.get(name, (float("-inf"), deque(maxlen=TRAIL_MAX)))
            if self.at_s - last_s >= TRAIL_S:
                trail.append(self.tracks[name]["place"][:2])
                self._trails[name] = (self.at_s, trail)


def alert_line(state: str, zone_ids: list[str]) -> tuple[str, dict[str, Any]]:
    """What the time line says of steps into one state, and where it leads."""
    count = len(zone_ids)
    text = f"{state.replace('_', ' ')} in {count} {'zone' if count == 1 else 'zones'}"
    return text, {"state": state, "zone_ids": zone_ids[:LINE_ZONES]}


def _apply(known: Known, changed: Mapping[str, Any], key: str) -> None:
    for name in changed["gone"]:
        known.pop(name, None)
    for item in changed["set"]:
        known[item[key]] = item
