"""Looking back: the record played again, counted, reported, taken away."""

import asyncio
import io
import json
import zipfile
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from forewarn.app.aside import Aside
from forewarn.app.assembly import site_zones
from forewarn.app.period import LOOK_BACK_S, STAGES, Period, period
from forewarn.app.shelf import Journal
from forewarn.errors import ConfigError
from forewarn.files import Site, read_recording, read_site
from forewarn.records import Alert, Zones
from forewarn.stores import open_store, read_store
from forewarn.web.past import Look, What
from forewarn.web.refusal import RefusedError
from forewarn.web.signin.roles import Role
from stations import API, Browser, Station
from test_export import journal

__all__ = ["journal"]
PARTS = ("tracks", "areas", "weighed", "zones")
KEYS = {"tracks": "id", "areas": "track_id", "weighed": "zone_id", "zones": "zone_id"}


@pytest.fixture(scope="module")
def site(journal: Path) -> Site:
    return read_site(journal / "site.toml")


@pytest.fixture(scope="module")
def span_s(site: Site) -> tuple[float, float]:
    store = read_store(site.store)
    events = list(store.events_after(0))
    store.close()
    return events[0].received_s, events[-1].received_s + 1.0


@pytest.fixture(scope="module")
def record(site: Site) -> list[Alert]:
    store = read_store(site.store)
    told = store.alerts()
    store.close()
    return told


@pytest.fixture(scope="module")
def zones(site: Site) -> Zones:
    return site_zones(site)


@pytest.fixture(scope="module")
def frames(site: Site, span_s: tuple[float, float], tmp_path_factory: Any) -> list[Any]:
    return made(site, "film", span_s, tmp_path_factory.mktemp("film"))


def made(site: Site, what: What, span_s: tuple[float, float], folder: Path) -> list[Any]:
    return [json.loads(part) for part in Journal(site).parts(Look(what, span_s), folder)]


def looked(site: Site, what: What, span_s: tuple[float, float], folder: Path) -> bytes:
    return b"".join(Journal(site).parts(Look(what, span_s), folder))


def scenes(frames: list[Any]) -> Iterator[tuple[float, dict[str, dict[str, Any]]]]:
    """What is on the screen after each picture, by a reader of our own."""
    known: dict[str, dict[str, Any]] = {part: {} for part in PARTS}
    for frame in frames:
        if frame["reset"]:
            known = {part: {} for part in PARTS}
        for part in PARTS:
            changed = frame.get(part, {"set": [], "gone": []})
            for name in changed["gone"]:
                known[part].pop(name, None)
            for item in changed["set"]:
                known[part][item[KEYS[part]]] = item
        for name, *place in frame.get("tracks", {}).get("moved", ()):
            known["tracks"][name] = known["tracks"][name] | {"place": place}
        yield frame["time_s"], known


def test_a_film_shows_the_alerts_that_people_were_told(
    frames: list[Any], record: list[Alert]
) -> None:
    assert frames[0]["reset"]
    times = [frame["time_s"] for frame in frames]
    assert times == sorted(times)
    seen: Counter[str] = Counter()
    for time_s, known in scenes(frames):
        state: dict[str, str] = {}
        for alert in record:
            if alert.issued_s <= time_s:
                state[alert.zone_id] = str(alert.state)
        live = {zone: told for zone, told in state.items() if told != "all_clear"}
        shown = {zone: alert["state"] for zone, alert in known["zones"].items()}
        # steps of one moment come in one picture: between two of them nothing is compared
        if times.count(time_s) == 1:
            assert shown == live
            seen.update(shown.values())
    assert set(seen) >= {"prepare", "take_cover"}


def test_tracks_of_a_film_are_those_that_alerts_name(
    frames: list[Any], record: list[Alert]
) -> None:
    shown = {name for _, known in scenes(frames) for name in known["tracks"]}
    named = {name for alert in record for name in alert.threats}
    assert named
    assert named <= shown


def test_a_film_can_be_entered_at_each_whole_picture(frames: list[Any]) -> None:
    whole = [i for i, frame in enumerate(frames) if frame["reset"]]
    assert len(whole) > 2
    gaps = [frames[b]["time_s"] - frames[a]["time_s"] for a, b in pairwise(whole)]
    assert max(gaps) < 32
    *_, (_, all_of_it) = scenes(frames)
    *_, (_, entered) = scenes(frames[whole[-1] :])
    assert entered == all_of_it


def test_a_film_that_begins_within_a_raid_knows_what_was_in_the_air(
    site: Site, span_s: tuple[float, float], record: list[Alert], tmp_path: Path
) -> None:
    first = next(a for a in record if str(a.state) == "take_cover").issued_s
    frames = made(site, "film", (first + 1.0, first + 5.0), tmp_path)
    assert frames[0]["tracks"]["set"]
    assert frames[0]["zones"]["set"]
    assert all(first + 1.0 <= frame["time_s"] < first + 5.0 for frame in frames)


def test_a_stretch_without_record_is_refused(site: Site, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing is on record"):
        looked(site, "film", (1.0, 2.0), tmp_path)


def count(site: Site, zones: Zones, from_s: float, to_s: float) -> Period:
    store = read_store(site.store)
    steps = [step[0] for step in store.steps(from_s - LOOK_BACK_S, to_s)]
    told = period(steps, store.deliveries(from_s, to_s), zones, (from_s, to_s))
    store.close()
    return told


def test_person_minutes_are_those_that_a_stopwatch_gives(
    site: Site, zones: Zones, span_s: tuple[float, float], record: list[Alert]
) -> None:
    told = count(site, zones, *span_s)
    people = dict(zip(zones.zone_id, zones.population, strict=True))
    step_s, watch = 0.25, Counter[str]()
    state: dict[str, str] = {}
    waiting = sorted(record, key=lambda alert: alert.issued_s)[::-1]
    now_s = span_s[0]
    while now_s < span_s[1]:
        while waiting and waiting[-1].issued_s <= now_s:
            alert = waiting.pop()
            state[alert.zone_id] = str(alert.state)
        for zone, told_now in state.items():
            watch[told_now] += people[zone] * step_s / 60
        now_s += step_s
    assert told.steps == len(record)
    for stage in told.stages:
        zones_in = {a.zone_id for a in record if str(a.state) == stage.state}
        assert stage.zones == len(zones_in)
        assert stage.people == pytest.approx(sum(people[zone] for zone in zones_in))
        slack = stage.people * step_s / 60  # one tick of the watch for everybody
        assert stage.person_minutes == pytest.approx(watch[stage.state], abs=slack + 1e-6)


def test_two_halves_of_a_stretch_make_the_whole(
    site: Site, zones: Zones, span_s: tuple[float, float], record: list[Alert]
) -> None:
    from_s, to_s = span_s
    middle_s = record[len(record) // 2].issued_s + 0.5
    whole = count(site, zones, from_s, to_s)
    halves = [count(site, zones, from_s, middle_s), count(site, zones, middle_s, to_s)]
    for i in range(len(STAGES)):
        sums = sum(half.stages[i].person_minutes for half in halves)
        assert sums == pytest.approx(whole.stages[i].person_minutes)
    assert sum(half.steps for half in halves) == whole.steps
    # what is under alert in the middle is under alert in both
    assert halves[1].course[0][0] == middle_s
    assert sum(halves[1].course[0][1:]) > 0


def test_a_channel_is_told_by_what_it_confirmed(site: Site, zones: Zones) -> None:
    store = open_store(site.store, ("cap",))
    pending = [(alert.alert_id, alert.step) for alert, _ in store.pending("cap")]
    rows = list(store.deliveries(0.0, 4e9))
    recorded_s = max(row[1] for row in rows)
    store.delivered("cap", pending[: len(pending) // 2], recorded_s + 2.0)
    told = period([], store.deliveries(0.0, 4e9), zones, (0.0, 4e9))
    store.close()
    (cap,) = told.channels
    assert cap.steps == len(rows)
    assert cap.waiting == len(pending) - len(pending) // 2
    assert cap.delay_p50_s is not None
    assert cap.delay_max_s is not None
    assert 2.0 <= cap.delay_p50_s <= cap.delay_max_s < 60.0


def test_the_report_is_one_file_that_says_it_all(
    site: Site, span_s: tuple[float, float], tmp_path: Path
) -> None:
    page = looked(site, "report", span_s, tmp_path).decode()
    assert page.startswith("<!doctype html>")
    assert "person-minutes under take cover or stay" in page
    assert "people under each stage over time" in page
    assert "src=" not in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_what_is_taken_away_is_a_recording(
    site: Site, span_s: tuple[float, float], tmp_path: Path
) -> None:
    packed = looked(site, "recording", span_s, tmp_path)
    zipfile.ZipFile(io.BytesIO(packed)).extractall(tmp_path / "out")
    found = read_recording(tmp_path / "out" / "recording")
    assert len(found) > 100
    assert found.refused_count == 0
    assert (tmp_path / "out" / "recording" / "alerts.jsonl").exists()


async def answered(aside: Aside, look: Look) -> bytes:
    return b"".join([part async for part in aside(look)])


def test_a_look_back_is_made_in_a_process_of_its_own(
    site: Site, span_s: tuple[float, float]
) -> None:
    async def look() -> bytes:
        aside = Aside(Journal(site))
        first = aside(Look("period", span_s))
        told = [await anext(first)]
        second = aside(Look("period", span_s))
        waiting = asyncio.create_task(anext(second))
        await asyncio.sleep(0)
        with pytest.raises(RefusedError, match="try again soon"):
            await answered(aside, Look("period", span_s))
        await waiting
        told += [part async for part in first]
        await second.aclose()  # whoever asked has left
        with pytest.raises(RefusedError, match="nothing is on record"):
            await answered(aside, Look("film", (1.0, 2.0)))
        return b"".join(told)

    assert json.loads(asyncio.run(look()))["steps"] > 20


def test_what_cannot_be_meant_is_refused_and_what_is_taken_is_on_record(
    tmp_path: Path,
) -> None:
    async def ask() -> None:
        station = Station(tmp_path)
        ann = await station.operator("ann", "operator")
        vic = await station.operator("vic", "viewer")
        for span in ("from_s=5&to_s=5", "from_s=0&to_s=90000"):
            answer = await ann.get(f"/past/film?{span}")
            assert answer.status_code == 400
            assert "expected up to 6 h after from_s" in answer.json()["detail"]
        assert (await ann.get("/past/film?from_s=nan&to_s=5")).status_code == 422
        assert (await vic.get("/past/recording.zip?from_s=0&to_s=5")).status_code == 403
        # this site has no store: it says so, and nothing was taken
        answer = await ann.get("/past/recording.zip?from_s=0&to_s=5")
        assert answer.status_code == 409
        assert not [act for act in station.acts if act.act == "took away"]

    asyncio.run(ask())


Ending = Callable[[Station, Browser], Awaitable[Any]]


async def signs_out(station: Station, ann: Browser) -> None:
    assert (await ann.post("/signout")).status_code == 204


async def is_removed(station: Station, ann: Browser) -> None:
    assert station.file is not None
    station.file.change("ann", lambda _: None)


async def may_less(station: Station, ann: Browser) -> None:
    assert station.file is not None
    station.file.change("ann", lambda found: replace(found, role=Role.VIEWER))  # type: ignore[type-var]


async def stays(station: Station, ann: Browser) -> None: ...


@pytest.mark.parametrize("what", ["film", "recording.zip"])
@pytest.mark.parametrize("ends", [signs_out, is_removed, may_less, stays])
def test_a_long_answer_breaks_off_when_whose_it_is_may_hear_no_more(
    tmp_path: Path, what: str, ends: Ending
) -> None:
    told: list[str] = []

    async def past(look: Look) -> AsyncGenerator[bytes]:
        try:
            for i in range(4):
                if i == 2:
                    await ends(station, ann)
                yield b"%d" % i
        finally:
            told.append("let go of")

    async def story() -> tuple[bytes, str]:
        nonlocal ann
        ann = await station.operator("ann", "operator")
        body, more = b"", True
        wanted = httpx.Request("GET", f"{ann.origin}{API}/past/{what}")
        ann.cookies.set_cookie_header(wanted)
        headers = [(k.lower().encode(), v.encode()) for k, v in wanted.headers.items()]
        scope = {
            "type": "http", "scheme": "http", "method": "GET", "path": wanted.url.path,
            "headers": headers, "query_string": b"from_s=0&to_s=5", "root_path": "",
            "client": ("127.0.0.1", 5),
        }  # fmt: skip

        async def send(message: Any) -> None:
            nonlocal body, more
            if message["type"] == "http.response.body":
                body += message["body"]
                more = message.get("more_body", False)

        async def receive() -> Any:
            await asyncio.sleep(60)

        try:
            await station.app(scope, receive, send)
        except Exception as error:
            assert more  # no end is told: the browser knows that it has not all
            return body, repr(error.__cause__)
        return body, ""

    station = Station(tmp_path, past=past)
    ann: Browser
    body, error = asyncio.run(story())
    if ends is stays:
        assert (body, error) == (b"0123", "")
    else:
        assert body == b"01"
        assert "signed out meanwhile" in error
    assert told == ["let go of"]


def test_who_is_signed_out_before_a_long_answer_begins_gets_none(tmp_path: Path) -> None:
    async def past(look: Look) -> AsyncGenerator[bytes]:
        await signs_out(station, ann)  # it took its time
        yield b"all of it"

    async def story() -> None:
        nonlocal ann
        ann = await station.operator("ann", "operator")
        answer = await ann.get("/past/recording.zip?from_s=0&to_s=5")
        assert answer.status_code == 401
        assert not [act for act in station.acts if act.act == "took away"]

    station = Station(tmp_path, past=past)
    ann: Browser
    asyncio.run(story())
