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
    "dry_s": "when a wanted engagement first failed for want of rounds; nan = never",
}
FIRED, THREATENING, ENGAGED, INTERCEPTED, ROUNDS, LEAKERS, EXPOSED = range(7)
UNSHELTERED, HARMED, ALERTED, NEEDLESS, MINUTES, NEEDLESS_MINUTES = range(7, 13)
NO_ROUNDS, NO_CHANNEL, LEFT, RELOADED, ROUNDS_COST, ALERT_COST, DRY_S = range(13, 20)
WIDTH = len(METRICS)  # columns; behind them the rounds fired by each layer


class Moments(NamedTuple):
    """Running mean and sum of squares about it, of any shape."""

    count: int
    mean: FloatArray
    squares: FloatArray

    def joined(self, other: "Moments") -> "Moments":
        """Both together. Source: Chan, Golub, LeVeque (1983)."""
        count = self.count + other.count
        apart = other.mean - self.mean
        part = other.count / count
        return Moments(
            count,
            self.mean + apart * part,
            self.squares + other.squares + apart**2 * (self.count * part),
        )

    def half_width(self, confidence: float) -> FloatArray:
        """Half of the interval of the mean."""
        spread = np.sqrt(self.squares / (self.count - 1) / self.count)
        return np.asarray(student.ppf((1 + confidence) / 2, self.count - 1) * spread)


def moments(values: FloatArray, axis: int) -> Moments:
    """Of an array's values along an axis: its runs."""
    mean = values.mean(axis=axis)
    apart = values - np.expand_dims(mean, axis)
    return Moments(values.shape[axis], mean, (apart**2).sum(axis=axis))
