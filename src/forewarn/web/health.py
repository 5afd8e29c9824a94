"""Whether it lives, whether it can warn, and its figures for Prometheus."""

from collections.abc import Callable, Iterable
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    StateSetMetricFamily,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from forewarn.web.board import Board
from forewarn.web.signin.gate import is_local

SERVICES = ("starting", "live", "degraded", "stopped")


def health_routes(board: Board, alive: Callable[[], bool]) -> APIRouter:
    """`/livez`, `/readyz`, `/metrics`, for whatever keeps the service running.

    alive : whether the core has spoken lately
    """
    api = APIRouter()
    registry = CollectorRegistry()
    registry.register(BoardFigures(board))

    @api.get("/livez")
    def livez() -> Response:
        """503 once the core has hung: start the service again."""
        return _said(alive(), "the core has not spoken for too long")

    @api.get("/readyz")
    def readyz() -> Response:
        """503 while nobody could be warned: not live, or no sensor is fresh."""
        if board.service not in ("live", "degraded"):
            return _said(False, f"service is {board.service}: {board.detail}")
        return _said(any(s["fresh"] for s in board.sensors), "no sensor is fresh")

    @api.get("/metrics")
    def metrics(request: Request) -> Response:
        """On this machine only: it tells what sensors see."""
        if not is_local(request):
            raise HTTPException(403, "metrics are read on this machine only")
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return api


def _said(well: bool, why: str) -> Response:
    return Response(
        "ok\n" if well else f"{why}\n", 200 if well else 503, media_type="text/plain"
    )


class BoardFigures(Collector):
    """Reads the board when it is asked: nothing is counted twice."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def collect(self) -> Iterable[Metric]:
        """All figures, as Prometheus names them."""
        board = self._board
        state = StateSetMetricFamily("forewarn_service", "State of the service.")
        state.add_metric([], {name: name == board.service for name in SERVICES})
        yield state
        yield _gauge("event_seq", "Number of the newest event.", board.seq)
        yield _gauge("alerts_live", "Zones under any alert.", len(board.alerts))
        yield _gauge("tracks", "Tracks shown to operators.", len(board.scene.tracks))
        yield _gauge(
            "people_at_risk", "Expected people harmed.", board.scene.people_at_risk
        )
        readers = len(board.public) + len(board.operators)
        yield _gauge("stream_readers", "Clients that listen.", readers)
        yield from self._sensors()
        yield from self._channels()
        keys = (board.keys, "kind")
        what = "When the last key of a kind ends, UTC seconds since 1970."
        yield _filled(GaugeMetricFamily, "key", "ends_s", what, keys)
        refused = CounterMetricFamily(
            "forewarn_refused", "Input that was not used.", labels=("source", "reason")
        )
        for row in board.refused:
            refused.add_metric([row["source"], row["reason"]], row["count"])
        yield refused

    def _sensors(self) -> Iterable[Metric]:
        rows = self._board.sensors
        for family, name, what in (
            (CounterMetricFamily, "scans", "Scans heard."),
            (CounterMetricFamily, "plots", "Plots heard."),
            (GaugeMetricFamily, "fresh", "1 while it is heard."),
        ):
            yield _filled(family, "sensor", name, what, (rows, "sensor_id"))

    def _channels(self) -> Iterable[Metric]:
        rows = self._board.channels
        for family, name, what in (
            (CounterMetricFamily, "delivered", "Steps carried."),
            (CounterMetricFamily, "failures", "Tries that failed."),
            (CounterMetricFamily, "dropped", "Steps left in the outbox."),
            (GaugeMetricFamily, "waiting", "Steps that wait."),
            (GaugeMetricFamily, "delay_s", "Delay of 95 of 100 steps, s."),
        ):
            yield _filled(family, "channel", name, what, (rows, "channel"))
        tested = [row for row in self._board.drills.values() if row["state"] != "none"]
        drills = [row | {"well": row["state"] == "well"} for row in tested]
        for name, key, what in (
            ("drill_well", "well", "1 if the newest self-drill came through."),
            ("drill_delay_s", "delay_s", "How long it took, s."),
            ("drill_time_s", "time_s", "When that was, UTC seconds since 1970."),
        ):
            rows = [{"channel": row["channel"], name: row[key]} for row in drills]
            yield _filled(GaugeMetricFamily, "channel", name, what, (rows, "channel"))


Family = type[CounterMetricFamily] | type[GaugeMetricFamily]


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"forewarn_{name}", what, value=value)


def _filled(
    family: Family, label: str, key: str, what: str, rows: tuple[list[dict[str, Any]], str]
) -> Metric:
    """One figure of every sensor or channel; rows: of the board, and what names each."""
    filled = family(f"forewarn_{label}_{key}", what, labels=(label,))
    for row in rows[0]:
        filled.add_metric([row[rows[1]]], float(row[key]))
    return filled
