"""What is counted of each run, and means with intervals over runs."""

from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

from forewarn.geodesy import FloatArray

# of one run: people, person-minutes, rounds and money side by side, never one ratio
METRICS = {
    "fired": "threats",
    "threatening": "of them coming down on populated ground, if nothing stops them",
    "engaged": "threats at which at least one round was fired",
    "intercepted": "threats",
    "rounds": "fired",
    "leakers": "threatening threats that came down",
    "exposed": "people within the harmful radius of an impact, once for each",
    "unsheltered": "of them, those not in shelter",
    "harmed": "of them, expected",
    "alerted": "people told to take cover, once for each alert",
    "needless": "of them, those whom nothing reached",
    "person_minutes": "under alert",
    "needless_minutes": "of them, those of people whom nothing reached",
    "no_rounds": "engagements wanted, and no battery in reach had rounds",
    "no_channel": "engagements wanted, and all channels in reach were busy",
    "rounds_left": "in the magazines at the end",
    "reloaded": "rounds put into magazines after the first filling",
    "rounds_cost": "money for rounds",
    "alert_cost": "money for hours under alert",
    "ran_dry": "1 where a wanted engagement ever failed for want of rounds",
    "dry_s": "when that first happened; nan = never",
}
FIRED, THREATENING, ENGAGED, INTERCEPTED, ROUNDS, LEAKERS, EXPOSED = range(7)
UNSHELTERED, HARMED, ALERTED, NEEDLESS, MINUTES, NEEDLESS_MINUTES = range(7, 13)
NO_ROUNDS, NO_CHANNEL, LEFT, RELOADED = range(13, 17)
ROUNDS_COST, ALERT_COST, RAN_DRY, DRY_S = range(17, 21)
WIDTH = len(METRICS)  # columns; behind them the rounds fired by each layer
AVERAGED = tuple(METRICS)[:DRY_S]  # of which a mean says something


class Moments(NamedTuple):
    """Running mean and sum of squares about it, of any shape."""

    runs: int
    mean: FloatArray
    squares: FloatArray

    def joined(self, other: "Moments") -> "Moments":
        """Both together. Source: Chan, Golub, LeVeque (1983)."""
        runs = self.runs + other.runs
        apart = other.mean - self.mean
        part = other.runs / runs
        return Moments(
            runs,
            self.mean + apart * part,
            self.squares + other.squares + apart**2 * (self.runs * part),
        )

    def half_width(self, confidence: float) -> FloatArray:
        """Half of the interval of the mean."""
        spread = np.sqrt(self.squares / (self.runs - 1) / self.runs)
        return np.asarray(student.ppf((1 + confidence) / 2, self.runs - 1) * spread)


def moments(values: FloatArray, axis: int) -> Moments:
    """Of an array's values along an axis: its runs."""
    mean = values.mean(axis=axis)
    apart = values - np.expand_dims(mean, axis)
    return Moments(values.shape[axis], mean, (apart**2).sum(axis=axis))
