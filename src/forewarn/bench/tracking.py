"""The tracker alone: plots a second, and how well it tells where targets are."""

import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec

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
PEER_S = 40.0  # processor seconds that a peer gets
SCENE = "load"  # 200 rockets and 10 drones
MANY = 100  # rockets of each of its ten salvos


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """Each scene with range rate and without; speed is the processor time of this core."""
    if ask.scenarios:
        scenes = [read_scene(path) for path in ask.scenarios]
    else:
        scenes = [own_scene(SCENE, seed) for seed in range(1, SEEDS + 1)]
    thousand = scenes[0] if ask.scenarios else own_scene(SCENE, 1, MANY)
    table: list[tuple[str, ...]] = [
        ("scene", "plots/s", "p99 ms", "GOSPA m", "missed", "false/scan", "switches/rocket")
    ]
    figures: list[Figure] = []
    for name, label in (("without_rate", "positions only"), ("", "with range rate")):
        rows = []
        for scene in scenes:
            seen = scene.without_rate() if name else scene
            took_s, score, _ = follow(seen)
            rows.append((seen, took_s, score))
            table.append(_row(f"{scene.name}, {label}", seen, took_s, score))
            progress()
        figures += _figures(label, rows)
    if not ask.scenarios:
        seen = thousand.without_rate()
        took_s, score, _ = follow(seen)
        table.append(_row(seen.name, seen, took_s, score))
        figures += [
            Figure(
                "1,000 rockets: plots a second",
                float(seen.plots / took_s.sum()),
                "",
                ">= 120000",
            ),
            Figure("1,000 rockets: p99 of a scan", _p99_ms(took_s), "ms", "<= 12"),
            *crowd_figures(),
        ]
        progress()
    figures += late_figures(thousand.without_rate())
    figures += bias_figures(scenes[0].without_rate())
    for peer, (package, make) in PEERS.items():
        if find_spec(package) is None:
            print(f"{peer} is not installed: pip install -r requirements-peers.lock")
            continue
        more, row = _beside(peer, make(), scenes[0].without_rate())
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
    """A peer on as many scans as it does in PEER_S, and this tracker on the same."""
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
        )
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


def _figures(label: str, rows: list[tuple[Scene, FloatArray, TrackScore]]) -> list[Figure]:
    rate = [scene.plots / took_s.sum() for scene, took_s, _ in rows]
    p99 = [_p99_ms(took_s) for _, took_s, _ in rows]
    limit = "<= 60" if label == "positions only" else "<= 50"
    switches = "<= 1.5" if label == "positions only" else "<= 0.1"

    def mean(what: Callable[[TrackScore], float]) -> float:
        return float(np.mean([what(score) for *_, score in rows]))

    per_rocket = [score.switches / max(scene.fallers, 1) for scene, _, score in rows]
    return [
        Figure(f"{label}: plots a second", float(np.median(rate)), "", ">= 150000"),
        Figure(f"{label}: p99 of a scan", float(np.median(p99)), "ms", "<= 12"),
        Figure(f"{label}: GOSPA per target", mean(lambda s: s.gospa_m), "m", limit),
        Figure(f"{label}: switches per rocket", float(np.mean(per_rocket)), "", switches),
        Figure(
            f"{label}: mature targets missed",
            mean(lambda s: s.mature_missed),
            "",
            "<= 0.002",
        ),
        Figure(
            f"{label}: false tracks a scan", mean(lambda s: s.false_per_scan), "", "<= 0.5"
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
