"""What carries a tumbling body aside: a share of its drag, across its way."""

from math import sqrt

from forewarn.compiled import bare_kernel
from forewarn.geodesy import Earth, FloatArray

# what is braked harder than by its own weight tumbles too fast to be carried aside
WEIGHT_MPS2 = 9.8


@bare_kernel
def aside(
    brake: float, rx: float, ry: float, rz: float, lx: float, ly: float, lz: float
) -> tuple[float, float, float]:
    """Acceleration by lift, m/s2: a share (lx, ly, lz) of the drag, across the way."""
    speed2 = rx * rx + ry * ry + rz * rz + 1e-9
    force = brake * sqrt(speed2)
    force = force if force < WEIGHT_MPS2 else WEIGHT_MPS2
    along = (lx * rx + ly * ry + lz * rz) / speed2
    return force * (lx - along * rx), force * (ly - along * ry), force * (lz - along * rz)


@bare_kernel
def lift_of(
    earth: Earth, px: float, py: float, pz: float, push: FloatArray
) -> tuple[float, float, float]:
    """Lift over drag, told (`fall`) towards east, north, up, in Earth-fixed axes."""
    across = sqrt(px * px + py * py)
    up = pz * (1.0 + earth.oblate)  # latitude on the ellipsoid, as good as there at 100 km
    per_long = 1.0 / sqrt(across * across + up * up)
    sin_lat, cos_lat = up * per_long, across * per_long
    sin_lon, cos_lon = py / across, px / across
    ahead = push[4] * cos_lat - push[3] * sin_lat  # away from the axis
    x, y = ahead * cos_lon - push[2] * sin_lon, ahead * sin_lon + push[2] * cos_lon
    return x, y, push[3] * cos_lat + push[4] * sin_lat
