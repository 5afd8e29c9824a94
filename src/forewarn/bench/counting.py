"""What is counted of a raid that was judged, as a study at policy level counts it."""

from math import erf, log, sqrt

import numpy as np

from forewarn.score import Judged
from forewarn.score.spans import COVER, told
from forewarn.sim.studies.keys import PeopleKeys

COUNTED = (
    "engaged",
    "intercepted",
    "leakers",
    "rounds",
    "exposed",
    "unsheltered",
    "alerted",
    "needless",
    "person_minutes",
)


def alerted(judged: Judged) -> tuple[float, float]:
    """People alerted, once for each alert; of them, those whom nothing reached."""
    case, rows = judged.case, judged.rows
    row_of = {zone_id: i for i, zone_id in enumerate(case.zones.zone_id)}
    spans = told(case.alerts, row_of, COVER, case.until_s).spans
    reached = np.zeros(len(spans.zone))
    which = spans.before(rows.zone, case.impact_s[rows.threat])
    np.add.at(reached, which[which >= 0], rows.people[which >= 0])
    people = case.zones.population[spans.zone]
    return float(people.sum()), float(np.maximum(people - reached, 0.0).sum())


def unsheltered(judged: Judged, people: PeopleKeys) -> float:
    """Of those within the harmful radius, the ones who are not in shelter."""
    how = people.time_to_shelter
    safe = [
        people.compliance
        * (0.5 + 0.5 * erf((log(given_s) - log(how.median_s)) / (how.sigma * sqrt(2.0))))
        if given_s > 0.0
        else 0.0
        for given_s in judged.rows.given_s.tolist()
    ]
    return float((judged.rows.people * (1.0 - np.array(safe))).sum())
