"""The score as one HTML file that needs nothing else: verdict, maps, charts, figures."""

from collections.abc import Sequence

from forewarn.app.page import cards, figure, page, tables, two
from forewarn.app.score_charts import fate_bar, histogram, practice_dots, reliability
from forewarn.app.score_maps import maps
from forewarn.app.score_table import number, people_text, percent, sections
from forewarn.score import Judged, Score

FOOT = (
    "In harm's way: people within the harmful radius of a true impact, counted once for "
    "each. In vain: minutes under take cover or stay of people that no impact reached. "
    "Intervals draw whole runs anew. How each figure is counted: docs/score.md."
)


def report(score: Score, runs: Sequence[Judged]) -> str:
    """The page; its maps show the first run, all else every run."""
    first = runs[0]
    body = [
        cards(_headline(score)),
        figure(
            f"Where it fell, and who was told: {first.case.name}",
            "Zones in the colour of the worst that happened there. Dots are impacts that "
            "reached people, crosses those that reached nobody.",
            maps(first),
        ),
        figure(
            "What became of the people in harm's way",
            "Counted once for each impact within whose harmful radius they live.",
            fate_bar(score),
        ),
        figure(
            "What others would have cost",
            "Person-minutes under alert of people that no impact reached, in times ours: "
            "whole districts warned when we warn any zone of theirs, the same for as long "
            "as such alerts really last, and two who know more than anybody can. Bars: "
            "interval over runs.",
            practice_dots(score.minutes),
        ),
        _times_and_odds(score, runs),
        tables(sections(score)),
    ]
    return page("Score", _title(score), _lede(score), body, FOOT)


def _times_and_odds(score: Score, runs: Sequence[Judged]) -> str:
    return two(
        figure(
            "Seconds given",
            "People who could be warned, from hearing the alert to the impact; red had "
            "fewer than they need.",
            histogram(runs),
        ),
        figure(
            "Is one in a thousand one in a thousand?",
            "One point for each range of stated probability, at the moment of "
            "decision. The band is a factor of 1.5; hollow points have too few "
            "expected hits to be judged.",
            reliability(score),
        ),
    )


def _title(score: Score) -> str:
    people = score.people
    if not people.could:
        return f"{score.impacts} impacts, and nobody in their reach who could be warned"
    if people.in_time >= people.could:
        return f"All {people_text(people.could)} who could be warned were warned in time"
    late = people.could - people.in_time
    return (
        f"{people_text(late)} of {people_text(people.could)} who could be warned were not "
        "warned in time"
    )


def _lede(score: Score) -> str:
    runs = ", ".join(score.runs[:3]) + (" and others" if len(score.runs) > 3 else "")
    return (
        f"{score.threats:,} threats, {score.impacts:,} impacts, "
        f"{people_text(score.population)} people in the zones of the site. "
        f"{len(score.runs)} {'run' if len(score.runs) == 1 else 'runs'}: {runs}."
    )


def _headline(score: Score) -> list[tuple[str, str]]:
    minutes, alerts = score.minutes, score.alerts
    found = [
        (
            percent(score.people.in_time_share.value),
            "of people who could be warned were warned in time",
        ),
        (
            f"{number(minutes.per_person)} min",
            "under take cover or stay, per person and run",
        ),
    ]
    for practice in minutes.practices[:1]:
        found.append(
            (
                f"{number(practice.ratio.value)} times",
                f"as many minutes in vain if the whole {practice.name} were warned",
            )
        )
    found.append(
        (
            f"{alerts.baseless:,}",
            f"of {alerts.take_cover:,} alerts with no threat in the air",
        )
    )
    return found
