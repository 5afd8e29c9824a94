"""What a forecast takes for granted; every number with its reason."""

from dataclasses import dataclass

import numpy as np

from forewarn.forecast.falling import FallNoise
from forewarn.geodesy import FloatArray


@dataclass(frozen=True, slots=True)
class ForecastParams:
    """Settings of the forecast: table [forecast] of a site file.

    ground_m            : height of the ground above the ellipsoid, m
    wind_sigma_mps      : upper-air wind is forecast to about 3 m/s (vector error)
    density_sigma       : error of the density of the air, as a share of it
    ln_beta_drift       : growth of the error of ln(beta) while falling, per sqrt(s), of
                          light bodies: they tumble, and drift by some per cent a second
    ln_beta_steady      : the same of heavy ones, which fly nose first
    lift_share          : force across the way of a light body over its drag, standard
                          deviation: wrecks slide sideways
    lift_s              : for how long it keeps a direction
    ln_beta_unseen      : doubt of ln(beta) at speeds at which a body was not seen yet, per
                          e-fold it is to slow down, four thirds of that across the speed of
                          sound: so much do drag curves of rockets and projectiles differ
    ln_beta_drawn       : the same where others in the air showed how drag goes on
    curve_slows         : and each drag curve of the library is as likely as any other, in
                          place of what a track showed of its own: to 63 % where a body is
                          to slow down by this share, to more the further
    tail_per_s          : share of a fall's probability put into a wider twin for each
                          second it has left, because a model is never all of the truth:
                          what flies breaks, tumbles, burns on
    tail_most           : of that share
    tail_scale          : standard deviations of the twin over those computed
    thrust_gains        : a body still boosting may gain these shares of its speed
    thrust_shares       : probability of each of them
    thrust_from         : a share of the boosting mode below this counts as none
    matters             : a forecast is made anew once its place or time moved by this share
                          of what it leaves open,
    renew_share         : or the track has grown older by this share: more is known of it
    drift_m, swerve_mps : one of a steered threat, once it is so far from where it was
                          expected, or flies so much otherwise,
    steer_s             : and after so many seconds, by its own up to a quarter more or less
    dive_per_min        : chance that a drone dives, per minute, mean over the country;
                          twice that of flights of an hour and a half, on purpose, for a
                          floor too low misses whole villages; until drones that came
                          down tell
    cruise_dive_per_min : the same of a cruise missile: twice that of flights of 40 minutes;
                          more would have it down at the near edge of a city, and leave
                          nothing for those who live beyond
    intent              : share of the chance of a dive that goes with where people live;
                          0 = no intent known
    horizon_s           : how far ahead a steered threat is followed
    step_s              : between two chances to dive
    ways                : particles a steered threat is carried on by
    cell_m              : side of the cells they are counted in
    lost_s              : how long one that dived out of sight stays in the forecast,
    missing_s           : and one that flew out of sight is taken to fly on
    precedents_s        : a missile tells for so long how heavy for their size those are
                          that follow it, and what drones showed fades to a third in it:
                          about one night
    believed            : share of the ways of drones that stays as drawn, however many were
                          seen flown: the next wave may turn otherwise
    negligible          : threats less probable than this get no futures
    """

    ground_m: float = 0.0
    wind_sigma_mps: float = 3.0
    density_sigma: float = 0.02
    ln_beta_drift: float = 0.05
    ln_beta_steady: float = 0.005
    lift_share: float = 0.345
    lift_s: float = 10.0
    ln_beta_unseen: float = 0.3
    ln_beta_drawn: float = 0.2
    curve_slows: float = 0.1
    tail_per_s: float = 1.5e-4
    tail_most: float = 0.01
    tail_scale: float = 3.0
    thrust_gains: tuple[float, ...] = (0.0, 0.15, 0.5)
    thrust_shares: tuple[float, ...] = (0.4, 0.3, 0.3)
    thrust_from: float = 0.1
    matters: float = 0.2
    renew_share: float = 0.1
    drift_m: float = 150.0
    swerve_mps: float = 8.0
    steer_s: float = 3.0
    dive_per_min: float = 0.02
    cruise_dive_per_min: float = 0.05
    intent: float = 0.5
    horizon_s: float = 180.0
    step_s: float = 10.0
    ways: int = 1024
    cell_m: float = 2500.0
    lost_s: float = 60.0
    missing_s: float = 180.0
    precedents_s: float = 28_800.0
    believed: float = 0.2
    negligible: float = 5e-4

    def tail_share(self, left_s: FloatArray) -> FloatArray:
        """(n,) share of the twin of falls with left_s (n,) to go."""
        return np.clip(self.tail_per_s * left_s, 0.0, self.tail_most)

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
            self.ln_beta_unseen,
        )
