"""Several futures of one track, one for each plot that may be its own, made one again."""

from forewarn.compiled import inner_kernel
from forewarn.geodesy import FloatArray
from forewarn.track.table import COUNT


@inner_kernel
def copy_modes(
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
    means: FloatArray,
    covs: FloatArray,
    weights: FloatArray,
    c: int,
) -> None:
    """Modes that are awake into row c of the last three."""
    for mode in range(COUNT):
        weights[c, mode] = weight[mode]
        if weight[mode] > 0.0:
            means[c, mode] = mean[mode]
            covs[c, mode] = cov[mode]


@inner_kernel
def blend_modes(
    part: FloatArray,
    means: FloatArray,
    covs: FloatArray,
    weights: FloatArray,
    mean: FloatArray,
    cov: FloatArray,
    weight: FloatArray,
) -> None:
    """One Gaussian per mode with the moments of the mixture."""
    total = part.sum()
    for mode in range(COUNT):
        weight[mode] = 0.0
        if weights[0, mode] <= 0.0:  # asleep in one future, asleep in all
            continue
        mean[mode] = 0.0
        cov[mode] = 0.0
        for c in range(len(part)):
            weight[mode] += part[c] / total * weights[c, mode]
        for c in range(len(part)):
            a = part[c] / total * weights[c, mode] / weight[mode]
            for k in range(7):
                mean[mode, k] += a * means[c, mode, k]
        for c in range(len(part)):
            a = part[c] / total * weights[c, mode] / weight[mode]
            for k in range(7):
                dk = means[c, mode, k] - mean[mode, k]
                for q in range(7):
                    cov[mode, k, q] += a * (
                        covs[c, mode, k, q] + dk * (means[c, mode, q] - mean[mode, q])
                    )
