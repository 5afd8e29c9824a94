"""The numbers of the decision: cost, harm, times; each with its reason."""

from dataclasses import dataclass

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, IntArray
from forewarn.threats import CRUISE_MISSILE, DRONE, ROCKET


@dataclass(frozen=True, slots=True)
class WarningParams:
    """Settings of the warning decision: table [warning] of a site file.

    cost_min        : what one alert costs each person in it, minutes of their time: two to
                      four under cover, as long to get there and back to what they did, by
                      night a quarter of an hour of sleep, and trust worn away
    harm_min        : what being in a harmful radius without shelter costs, minutes: one
                      in 200 is badly hurt there on average, at 40 years a life changed
    drone_harm      : how many times that a drone costs: with 45 kg blast and fragments do
                      harm on 1.7 times the ground that they do with a rocket's 20 kg (power
                      2/3 of that), and its harmful radius has 2.8 times the ground; 0.6,
                      and a little more, for with 0.6 one that was seen badly was missed
    cruise_harm     : and a cruise missile: five times a drone by its 450 kg, three times
                      that for its last turn: zones off its course are hit two to four
                      times as often as they are told
    benefit         : share of that harm which shelter avoids when reached in time
    benefit_late    : share avoided by those told too late to reach it: lying down, indoors
    channel_delay_s : from decision to people's ears, until a channel's own is measured;
                      phones took 4 to 13 s in published tests, so the slow end
    margin_s        : kept for a decision step and for people who start late
    prepare_s       : the quiet `prepare` may go out this long before the early quantile
    prepare_ratio   : and at this many times the threshold, near one in a hundred, for it is
                      not urgent
    settled_s       : a threat tracked for so long that barely threatens a zone, which it
    sure_s            did not before, must do so for this long: where tracks cross they
                      point elsewhere for a scan or two
    sure_ratio      : at this many times the threshold it need not
    hold_s          : an alert stays this long after its last reason is gone
    release_ratio   : a reason is gone when p falls below this share of the threshold,
    release_rocket  : of a rocket yet to come down that was known when the alert was
                      raised: it is over in a minute, and hardly anything but its end takes
                      back what was told of it
    release_steered : of what steers itself: it threatens zone after zone on its way, and
                      those it passed must be let go
    correct_s       : an alert is repeated when its seconds moved by more than this
    correct_every_s : but not more often than this
    manual_s        : a manual alert ends by itself after this, if nobody ends it
    """

    cost_min: float = 20.0
    harm_min: float = 105_000.0
    drone_harm: float = 0.7
    cruise_harm: float = 10.0
    benefit: float = 0.9
    benefit_late: float = 0.5
    channel_delay_s: float = 13.0
    margin_s: float = 5.0
    prepare_s: float = 300.0
    prepare_ratio: float = 46.0
    settled_s: float = 30.0
    sure_s: float = 1.5
    sure_ratio: float = 10.0
    hold_s: float = 20.0
    release_ratio: float = 0.05
    release_rocket: float = 0.0005
    release_steered: float = 0.3
    correct_s: float = 8.0
    correct_every_s: float = 5.0
    manual_s: float = 1800.0

    def harm(self, kind: IntArray) -> FloatArray:
        """(p,) what threats of each class (p,) do, in shares of `harm_min`."""
        share = np.ones(len(kind))
        share[kind == DRONE] = self.drone_harm
        share[kind == CRUISE_MISSILE] = self.cruise_harm
        return share

    def release(self, kind: IntArray, told: BoolArray) -> FloatArray:
        """(p,) share of the threshold below which a threat is no reason any more.

        kind : (p,) class; told : (p,) whether it is yet to come, and the alert tells of it
        """
        share = np.full(len(kind), self.release_ratio)
        share[(kind == ROCKET) & told] = self.release_rocket
        share[(kind == CRUISE_MISSILE) | (kind == DRONE)] = self.release_steered
        return share

    def threshold(
        self, left_s: FloatArray, shelter_s: FloatArray, gravity: FloatArray
    ) -> FloatArray:
        """Probability above which warning pays: cost / (benefit(t) harm).

        left_s    : (z,) seconds left when people hear it
        shelter_s : (z,) seconds they need
        gravity   : (z,) harm of what threatens them, in shares of `harm_min`
        Source: Richardson, "Skill and relative economic value" (2000), the cost-loss rule.
        """
        reached = np.clip(left_s / np.maximum(shelter_s, 1.0), 0.0, 1.0)
        benefit = self.benefit_late + (self.benefit - self.benefit_late) * reached
        return self.cost_min / (benefit * self.harm_min * gravity)
