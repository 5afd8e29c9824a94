"""The tracker alone: plots a second, and how well it tells where targets are."""

import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from itertools import groupby

import numpy as np

from forewarn.bench.crowd import crowd_figures, late_figures
from forewarn.bench.following import follow
from forewarn.bench.peers import PEERS, Peer, Plane
from forewarn.bench.registration import bias_figures
from forewarn.bench.result import Ask, Figure, Result
from forewarn.bench.scenes import Scene, own_scene, read_scene
from forewarn.geodesy import FloatArray
from forewarn.score.tracks import TrackMeter, TrackScore

SEEDS = 5
PEER_S = 120.0  # processor seconds that a peer gets
SCENE = "load"  # 200 rockets and 10 drones
MANY = 100  # rockets of each of its ten salvos
SALVO = 200
FAST = {SALVO: ">= 150000", 1000: ">= 120000"}  # plots a second, by rockets
POSITIONS = "positions only"
GOALS = {  # GOSPA per target m, switches per rocket
    POSITIONS: ("<= 60", "<= 1.5"),
    "with range rate": ("<= 50", "<= 0.1"),
}


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """Each scene with range rate and without; speed is the processor time of this core."""
    if ask.scenarios:
        scenes = [read_scene(path) for path in ask.scenarios]
    else:
        scenes = [own_scene(SCENE, seed) for seed in range(1, SEEDS + 1)]
        scenes.append(own_scene(SCENE, 1, MANY))
    scenes.sort(key=lambda scene: scene.fallers)
    salvo = next((scene for scene in scenes if scene.fallers == SALVO), scenes[0])
    table: list[tuple[str, ...]] = [
        ("scene", "plots/s", "p99 ms", "GOSPA m", "missed", "false/scan", "switches/rocket")
    ]
    figures: list[Figure] = []
    for rockets, some in groupby(scenes, key=lambda scene: scene.fallers):
        alike = list(some)
        for label in GOALS:
            rows = []
            for scene in alike:
                seen = scene.without_rate() if label == POSITIONS else scene
                took_s, score, _ = follow(seen)
                rows.append((seen, took_s, score))
                table.append(_row(f"{scene.name}, {label}", seen, took_s, score))
                progress()
            figures += _figures(rockets, label, rows)
    if not ask.scenarios:
        figures += crowd_figures()
        progress()
    figures += late_figures(scenes[-1].without_rate())
    figures += bias_figures(salvo.without_rate())
    for peer, (package, make) in PEERS.items():
        if find_spec(package) is None:
            print(f"{peer} is not installed: pip install -r requirements-peers.lock")
            continue
        more, row = _beside(peer, make(), salvo.without_rate())
        figures += more
        table.append(row)
        progress()
    name, title = "tracking", f"raid {SCENE}, {SEEDS} seeds"
    if ask.scenarios:
        name, title = "tracking_files", ", ".join(scene.name for scene in scenes)
    return Result(name, f"The tracker alone: {title}", tuple(figures), tuple(table))


def _p99_ms(took_s: FloatArray) -> float:
    return 1e3 * float(np.quantile(took_s, 0.99))


def _beside(name: str, peer: Peer, scene: Scene) -> tuple[list[Figure], tuple[str, ...]]:
    """A peer on as many scans as it does in PEER_S, and this tracker on the same.

    Both begin in the thick of it: a peer that is slow would never come so far.
    """
    aloft = [len(sight.target) for sight in scene.truth]
    begin = next(k for k, flying in enumerate(aloft) if 2 * flying > max(aloft))
    whole_s, _, _ = follow(scene)
    rate = scene.plots / float(whole_s.sum())
    scene = replace(scene, batches=scene.batches[begin:], truth=scene.truth[begin:])
    plane, meter, used_s, count = Plane(scene), TrackMeter(), 0.0, 0
    took = []
    for batch, sight in zip(scene.batches, scene.truth, strict=True):
        point, noise = plane.plots(batch)
        before = time.process_time()
        numbers, places = peer.step(float(batch.time_s.max()), point, noise)
        took.append(time.process_time() - before)
        place = plane.ecef(np.asarray(places, np.float64))
        meter.step(sight.target.tolist(), sight.place, sight.mature, numbers, place)
        used_s, count = used_s + took[-1], count + 1
        if used_s > PEER_S:
            break
    same = replace(scene, batches=scene.batches[:count], truth=scene.truth[:count])
    took_s, ours, _ = follow(same)
    theirs = meter.result()
    figures = [
        Figure(
            f"plots a second, over {name} on the same {count} scans",
            used_s / float(took_s.sum()),
            note=f"{name} {same.plots / used_s:,.0f}",
        ),
        Figure(
            f"plots a second of the whole scene, over those of {name}",
            rate * used_s / same.plots,
            goal=">= 3000" if name == "Stone Soup" else "",
            note=f"{rate:,.0f}; the peer's as above",
        ),
    ]
    if np.isfinite(theirs.gospa_m):  # else it came to no target in its time
        figures.append(
            Figure(
                f"GOSPA per target, over {name} on the same scans",
                ours.gospa_m / theirs.gospa_m,
                note=f"{name} {theirs.gospa_m:.0f} m, ours {ours.gospa_m:.0f} m",
            )
        )
    return figures, _row(f"{name}, {scene.name}", same, np.array(took), theirs)


def _figures(
    rockets: int, label: str, rows: list[tuple[Scene, FloatArray, TrackScore]]
) -> list[Figure]:
    """Means over scenes of one size; goals are those of the sizes that have one."""
    rate = [scene.plots / took_s.sum() for scene, took_s, _ in rows]
    p99 = [_p99_ms(took_s) for _, took_s, _ in rows]
    gospa, switches = GOALS[label]
    size = f"{rockets:,} rockets, {label}"

    def mean(what: Callable[[TrackScore], float]) -> float:
        return float(np.mean([what(score) for *_, score in rows]))

    per_rocket = [score.switches / max(scene.fallers, 1) for scene, _, score in rows]
    told = rockets == SALVO
    return [
        Figure(
            f"{size}: plots a second", float(np.median(rate)), "", FAST.get(rockets, "")
        ),
        Figure(f"{size}: p99 of a scan", float(np.median(p99)), "ms", "<= 12"),
        Figure(f"{size}: GOSPA per target", mean(lambda s: s.gospa_m), "m", gospa),
        Figure(f"{size}: switches per rocket", float(np.mean(per_rocket)), "", switches),
        Figure(
            f"{size}: mature targets missed",
            mean(lambda s: s.mature_missed),
            "",
            "<= 0.002" if told else "",
        ),
        Figure(
            f"{size}: false tracks a scan",
            mean(lambda s: s.false_per_scan),
            "",
            "<= 0.5" if told else "",
        ),
    ]


def _row(name: str, scene: Scene, took_s: FloatArray, score: TrackScore) -> tuple[str, ...]:
    return (
        name,
        f"{scene.plots / took_s.sum():,.0f}",
        f"{_p99_ms(took_s):.1f}",
        f"{score.gospa_m:.1f}",
        f"{score.missed:.4f}",
        f"{score.false_per_scan:.2f}",
        f"{score.switches / max(scene.fallers, 1):.2f}",
    )
