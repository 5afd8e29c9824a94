"""What a forecast takes for granted; every number with its reason."""

from dataclasses import dataclass

from forewarn.forecast.falling import FallNoise


@dataclass(frozen=True, slots=True)
class ForecastParams:
    """Settings of the forecast: table [forecast] of a site file.

    ground_m            : height of the ground above the ellipsoid, m
    wind_sigma_mps      : upper-air wind is forecast to about 3 m/s (vector error)
    density_sigma       : error of the density of the air, as a share of it
    ln_beta_drift       : growth of the error of ln(beta) while falling, per sqrt(s), of
                          light bodies: they tumble, and drift by a few per cent a second
    ln_beta_steady      : the same of heavy ones, which fly nose first
    lift_share          : force across the way of a light body over its drag, standard
                          deviation: wrecks slide sideways
    lift_s              : for how long it keeps a direction
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
    density_sigma: float = 0.02
    ln_beta_drift: float = 0.03
    ln_beta_steady: float = 0.005
    lift_share: float = 0.35
    lift_s: float = 10.0
    tail_share: float = 0.01
    tail_scale: float = 3.0
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
    def fall_noise(self) -> FallNoise:
        """What flights are unsure of beside their state, as `falling_futures` takes it."""
        return FallNoise(
            self.wind_sigma_mps,
            self.density_sigma,
            self.ln_beta_drift,
            self.ln_beta_steady,
            self.lift_share,
            self.lift_s,
        )
