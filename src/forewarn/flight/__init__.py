"""Flying falling bodies: to the ground, many at once (`fall`), or one along its path
(`follow_path`).

Both take Runge-Kutta steps of the fifth order, of 4 s or 0.45 of a drag time, whichever is
shorter: a light body needs shorter steps than a heavy one. `lanes` carries many bodies side
by side so that one instruction works on several; `path` is the plain form, its oracle.
"""

from forewarn.flight.ground import Ground, level_ground
from forewarn.flight.lanes import fall
from forewarn.flight.path import follow_path

__all__ = ["Ground", "fall", "follow_path", "level_ground"]
