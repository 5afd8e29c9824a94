"""What a forecast takes for granted; every number with its reason."""

from dataclasses import dataclass

import numpy as np

from forewarn.geodesy import FloatArray


@dataclass(frozen=True, slots=True)
class ForecastParams:
    """Settings of the forecast: table [forecast] of a site file.

    ground_m            : height of the ground above the ellipsoid, m
    wind_sigma_mps      : upper-air wind is forecast to about 3 m/s (vector error)
    ln_beta_drift       : growth of the error of ln(beta) while falling, per sqrt(s):
                          tumbling bodies drift by a few per cent a second
    tail_share          : share of a fall's probability put into a wider twin, because
                          a model is never all of the truth
    tail_scale          : standard deviations of the twin over those computed
    thrust_gains        : a body still boosting may gain these shares of its speed
    thrust_shares       : probability of each of them
    thrust_from         : a share of the boosting mode below this counts as none
    young_s, renew_s    : a track older than young_s gets new futures every renew_s; a
                          younger one, whose every plot matters, at each
    dive_per_min        : chance that a steered threat dives, per minute; overstated on
                          purpose, for a floor too low misses whole villages
    horizon_s           : how far ahead a steered threat is followed
    step_s              : between two chances to dive
    turn_sigma_radps    : turns a steered threat may fly, standard deviation
    dive_reach_m        : shortest and longest way covered in a dive
    lost_s              : how long a lost steered threat stays in the forecast
    negligible          : threats less probable than this get no futures
    """

    ground_m: float = 0.0
    wind_sigma_mps: float = 3.0
    ln_beta_drift: float = 0.03
    tail_share: float = 0.1
    tail_scale: float = 2.0
    thrust_gains: tuple[float, ...] = (0.0, 0.15, 0.5)
    thrust_shares: tuple[float, ...] = (0.4, 0.3, 0.3)
    thrust_from: float = 0.1
    young_s: float = 8.0
    renew_s: float = 0.9
    dive_per_min: float = 0.1
    horizon_s: float = 180.0
    step_s: float = 6.0
    turn_sigma_radps: float = 0.01
    dive_reach_m: tuple[float, float] = (300.0, 2000.0)
    lost_s: float = 60.0
    negligible: float = 5e-4

    @property
    def fall_noise(self) -> FloatArray:
        """What flights are unsure of beside their state, as `falling_futures` takes it."""
        return np.array([self.wind_sigma_mps, self.ln_beta_drift])
