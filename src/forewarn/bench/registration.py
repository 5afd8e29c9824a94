"""Radars that disagree: what is found of it, and what it costs after a minute."""

from dataclasses import replace

import numpy as np

from forewarn.bench.following import follow
from forewarn.bench.result import Figure
from forewarn.bench.scenes import Scene
from forewarn.geodesy import FloatArray

BIAS = np.array([50.0, 3e-3, 0.0, 0.2])  # m, rad, rad, s between one radar and the next
SETTLED_S = 60.0


def biased(scene: Scene) -> tuple[Scene, dict[str, FloatArray]]:
    """The scene as radars see it that disagree by BIAS, and what each says too much.

    Half each way: without reports of position only what they disagree by can be known.
    """
    shares = np.linspace(-0.5, 0.5, len(scene.sensors))
    own = {s.sensor_id: k * BIAS for s, k in zip(scene.sensors, shares, strict=True)}
    batches = [
        replace(
            batch,
            measured=batch.measured + np.array([*own[batch.sensor_id][:3], 0.0]),
            time_s=batch.time_s + own[batch.sensor_id][3],
        )
        for batch in scene.batches
    ]
    return replace(scene, batches=batches), own


def bias_figures(scene: Scene) -> list[Figure]:
    """GOSPA after a minute against the same scene without bias, and what was found."""
    skewed, own = biased(scene)
    _, plain, _ = follow(scene, SETTLED_S)
    _, score, tracker = follow(skewed, SETTLED_S)
    first, last = scene.sensors[0].sensor_id, scene.sensors[-1].sensor_id
    found = tracker.biases[last].mean - tracker.biases[first].mean
    told = BIAS != 0
    worst = float(np.abs(found[told] / (own[last] - own[first])[told] - 1.0).max())
    return [
        Figure(
            "radars 50 m, 3 mrad, 0.2 s apart: GOSPA after 60 s, over that of true ones",
            score.gospa_m / plain.gospa_m,
            "",
            "<= 1.1",
        ),
        Figure("what is found of it: worst error", 100 * worst, "%", "<= 20"),
    ]
