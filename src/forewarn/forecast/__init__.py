"""Where and when every track may come down: weighted futures, one form for all threats.

What falls is flown to the ground by an unscented transform, per motion mode (`falling`).
What steers itself is carried on through a fixed set of turns, and may dive at any step
(`steering`). A track that is lost keeps its last futures until its time has run out:
nothing vanishes from the forecast while something may still be coming down.
"""

from forewarn.forecast.forecaster import Forecaster
from forewarn.forecast.params import ForecastParams

__all__ = ["ForecastParams", "Forecaster"]
