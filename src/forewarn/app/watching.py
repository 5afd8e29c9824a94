"""The watchdog: one look at a service from outside, and whom to tell of a change."""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Any

import httpx

from forewarn.channels.ring_reader import RingReader
from forewarn.errors import ConfigError
from forewarn.signing import Matter, World

LATE_S = 20.0  # after which silence must be taken for danger
ANSWER_S = 4.0


class Watchdog:
    """Looks at the signed heartbeat of a service, and tells operators when that changes.

    url  : of the service, as the public reaches it
    ring : the keys that its heartbeats may be signed with; None = any
    run  : command, given the state and the reason as arguments; "" = none
    post : address that gets the same as JSON; "" = none
    """

    def __init__(
        self,
        url: str,
        ring: RingReader | None = None,
        run: str = "",
        post: str = "",
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise ConfigError(f"watch: found {url!r}, expected http://... or https://...")
        self._address = url.rstrip("/") + "/api/public/v1/heartbeat"
        self._ring = ring
        self._run, self._post = run, post
        self._newest_s = 0.0  # time of the newest heartbeat: an older one is a replay
        self._moved_s = time.monotonic()  # when a newer one was last seen
        self._told: str | None = None

    def look(self) -> str:
        """What is wrong, "" if nothing is; told to all once, when it changes."""
        trouble = self._trouble()
        if trouble != self._told and (trouble or self._told is not None):
            self._tell(trouble)
        self._told = trouble
        return trouble

    def _trouble(self) -> str:
        try:
            answer = httpx.get(self._address, timeout=ANSWER_S)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            return f"not reachable: {type(error).__name__}"
        values = self._opened(answer.content)
        if values is None:
            why = f" ({self._ring.error})" if self._ring and self._ring.error else ""
            return f"heartbeat is not signed with a key of its ring{why}"
        if values["time_s"] > self._newest_s:
            self._newest_s, self._moved_s = values["time_s"], time.monotonic()
        # by this machine's own stopwatch: neither clock need be right
        if time.monotonic() - self._moved_s > LATE_S:
            return "heartbeat stands still"
        return "" if values["service"] == "live" else f"service is {values['service']}"

    def _opened(self, sealed: bytes) -> dict[str, Any] | None:
        if self._ring is not None:
            self._ring.first()
            ring, now_s = self._ring(), time.time()
            said = (ring.opened(one, Matter.HEARTBEAT, sealed, now_s) for one in World)
            return next((values for values in said if values is not None), None)
        try:
            values = dict(json.loads(sealed)["values"])
            return {**values, "time_s": float(values["time_s"])}
        except (ValueError, KeyError, TypeError):
            return None

    def _tell(self, trouble: str) -> None:
        state = "trouble" if trouble else "well"
        now = datetime.now(UTC).isoformat(timespec="seconds")
        print(f"{now} {self._address}: {trouble or 'well again'}", flush=True)
        if self._run:
            done = subprocess.run([self._run, state, trouble], check=False, timeout=60)
            if done.returncode:
                print(f"{self._run}: ended with {done.returncode}", file=sys.stderr)
        if self._post:
            body = {"service": self._address, "state": state, "why": trouble, "time": now}
            try:
                httpx.post(self._post, json=body, timeout=ANSWER_S).raise_for_status()
            except httpx.HTTPError as error:
                print(f"{self._post}: {type(error).__name__}", file=sys.stderr)
