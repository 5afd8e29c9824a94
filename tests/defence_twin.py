"""The engagement told a second time, in plain Python: what the kernel is held against."""

from dataclasses import dataclass, field
from math import hypot, inf, isnan, log

import numpy as np

from forewarn.sim.defence import Doctrine, Layer
from forewarn.sim.defence.engaging import LOOKS
from forewarn.sim.streams import ENGAGE


def uniform(seed: int, run: int, threat: int, purpose: int, k: int) -> list[float]:
    """NumPy's own Philox, at the counter that these names make."""
    counter = k | purpose << 64 | threat << 128 | run << 192
    words = [(counter - 1) >> 64 * i & (1 << 64) - 1 for i in range(4)]
    source = np.random.Philox(counter=np.array(words, np.uint64), key=[seed, 0])
    return [((int(word) >> 11) + 0.5) * 2.0**-53 for word in source.random_raw(4)]


@dataclass
class Threat:
    time_s: float
    from_s: float
    at_km: tuple[float, float]
    wanted: bool
    dear: bool
    word: int
    stopped: int = -1
    engaged: bool = False


@dataclass
class Site:
    """A battery in a raid."""

    layer: int
    rounds: int
    stock: int
    free_s: list[float]
    ready_s: float = inf
    fired: int = 0


@dataclass
class Battle:
    layers: tuple[Layer, ...]
    rule: Doctrine
    odds: list[float]
    luck: tuple[int, int]
    sites: list[Site] = field(default_factory=list)
    no_rounds: int = 0
    no_channel: int = 0
    reloaded: int = 0
    dry_s: float = inf

    def __post_init__(self) -> None:
        self.sites = [
            Site(k, one.magazine, one.stock, [-inf] * one.channels)
            for k, layer in enumerate(self.layers)
            for one in layer.battery
        ]

    def rest(self, gap_s: float) -> None:
        """Time until the next raid."""
        own = [one for layer in self.layers for one in layer.battery]
        for battery, site in zip(own, self.sites, strict=True):
            site.free_s = [-inf] * len(site.free_s)
            site.ready_s -= gap_s
            if 0 < battery.reload_s <= gap_s:
                more = min(battery.magazine - site.rounds, site.stock)
                site.rounds += more
                site.stock -= more
                site.ready_s = inf
                self.reloaded += more

    def fight(self, threats: list[Threat]) -> None:
        for k, layer in enumerate(self.layers):
            if not isnan(self.odds[k]):
                for threat in threats:
                    if threat.stopped < 0 and threat.wanted:
                        self._meet(k, layer, threat)

    def _meet(self, k: int, layer: Layer, threat: Threat) -> None:
        last_s = threat.time_s - layer.timing_s.ends_s - layer.timing_s.cycle_s
        enter_s = max(last_s - layer.timing_s.window_s, threat.from_s)
        if enter_s > last_s:
            return
        kept = 0 if threat.dear else self.rule.reserve
        sites = [site for site in self.sites if site.layer == k]
        reach = [
            (battery, site)
            for battery, site in zip(layer.battery, sites, strict=True)
            if hypot(threat.at_km[0] - battery.at_km[0], threat.at_km[1] - battery.at_km[1])
            <= battery.footprint_km
        ]
        if not reach:
            return
        choice = []
        for battery, site in reach:
            start_s = max(enter_s, min(site.free_s))
            if site.rounds == 0:
                start_s = max(start_s, site.ready_s)
            elif site.rounds <= kept:
                continue
            choice.append((start_s, -site.rounds, battery, site))
        choice = [one for one in choice if one[0] < inf]
        if not choice:
            self._want(threat)
            return
        start_s, _, battery, site = min(choice, key=lambda one: one[:2])
        if site.rounds == 0 and site.ready_s > last_s:
            self._want(threat)
            return
        if start_s > last_s:
            self.no_channel += 1
            return
        if site.rounds == 0:
            site.rounds = min(battery.magazine, site.stock)
            site.stock -= site.rounds
            site.ready_s = inf
            self.reloaded += site.rounds
        threat.engaged = True
        channel = site.free_s.index(min(site.free_s))
        now_s = start_s
        for look in range(self.rule.looks):
            fired = min(self.rule.salvo, site.rounds - kept)
            if fired <= 0 or now_s > last_s:
                break
            u = uniform(*self.luck, threat.word, ENGAGE, k * LOOKS + look)
            site.rounds -= fired
            site.fired += fired
            if site.rounds == 0 and battery.reload_s > 0 and site.stock > 0:
                site.ready_s = now_s + battery.reload_s
            p = self.odds[k]
            if layer.p_intercept.denominator == "round":
                p = 1 - (1 - p) ** fired
            if u[0] < p:
                threat.stopped = k
            mean_s = layer.timing_s.cycle_s
            busy_s = mean_s if layer.timing_s.cycle == "constant" else -mean_s * log(u[2])
            now_s += busy_s
            if threat.stopped == k:
                alive = u[1] < self.rule.dead_called_alive
            else:
                alive = not u[1] < self.rule.alive_called_dead
            if not alive:
                break
        site.free_s[channel] = threat.from_s = now_s

    def _want(self, threat: Threat) -> None:
        self.no_rounds += 1
        self.dry_s = min(self.dry_s, threat.time_s)
