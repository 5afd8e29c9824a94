"""Webhooks by the rules of Standard Webhooks: every step posted to one address, signed.

One request a step, named by alert and step: who gets it twice drops the second. Steps of a
zone go one after the other, those of different zones side by side. What is posted is what
the public may know: no track, no sensor, no probability.
"""

import asyncio
import base64
import json
import re
import secrets
import ssl
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from standardwebhooks import Webhook

from forewarn.channels import ChannelKind, Context
from forewarn.channels.courier import AwayError, Courier
from forewarn.channels.drill import Drill, Drilled
from forewarn.channels.secret import kept_secret
from forewarn.errors import ConfigError, DeliveryError
from forewarn.records import Counts, Key, Parcel
from forewarn.signing import World, told

RETRY_AFTER_MAX_S = 300.0  # a receiver may ask for so much patience: alerts wait behind it
GONE = 410
FAILED_MAX = 3  # zones at whose steps a receiver fails before it is left alone
BLAME_MAX = 60  # tries of one step that fail, minutes of them, after which others go first
BLAME_AMONG = 12  # for so many counts one while other steps were taken
# what these say is of the request, not of the receiver: another may well be taken
_OF_THE_STEP = frozenset({400, 409, 413, 415, 422})
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SECRET_BYTES = 32  # Standard Webhooks: 24 to 64


@dataclass(frozen=True, slots=True)
class WebhookKeys:
    """`kind = "webhook"`: one receiver.

    url        : https://...
    secret     : file of the secret shared with it, `whsec_...`; made if there is none
    timeout_s  : for one request
    at_once    : requests under way, each of another zone
    plain_http : whether `url` may be http://, in a network of your own
    ca         : certificates (PEM) to trust instead of the system's, for the same
    """

    url: str
    secret: Path = Path("webhook.secret")
    timeout_s: float = 5.0
    at_once: int = 8
    plain_http: bool = False
    ca: Path | None = None

    def __post_init__(self) -> None:
        schemes = ("https", "http") if self.plain_http else ("https",)
        try:
            url = httpx.URL(self.url)
        except httpx.InvalidURL as error:
            raise ConfigError(f"webhook url: found {self.url!r}: {error}") from None
        if url.scheme not in schemes or not url.host or url.userinfo:
            raise ConfigError(
                f"webhook url: found {self.url!r}, expected https://HOST/..., without a "
                "password (http:// only with plain_http = true)"
            )
        if not (0.0 < self.timeout_s <= 60.0 and 1 <= self.at_once <= 64):
            raise ConfigError(
                f"webhook: found timeout_s = {self.timeout_s}, at_once = {self.at_once}, "
                "expected above 0 to 60, and 1 to 64"
            )


class WebhookChannel:
    """Posts every step, in a thread of its own; tells what the receiver has taken."""

    def __init__(self, keys: WebhookKeys, context: Context) -> None:
        self._keys = keys
        self._world = World.EXERCISE if context.exercise else World.LIVE
        self._webhook = _signer(keys.secret)
        self._trust = ssl.create_default_context(cafile=keys.ca)
        self._gone = ""
        self._blamed: Counter[Key] = Counter()
        self._courier = Courier("webhook", self._carry, context.delivered)

    def offer(self, parcels: Sequence[Parcel]) -> None:
        """Queue steps to be posted: never waits, never raises."""
        self._courier.offer(parcels)

    def counts(self) -> Counts:
        """How it fares."""
        return self._courier.counts()

    def close(self) -> None:
        """Post what is queued, then end."""
        self._courier.close()

    def drill(self, drill: Drill) -> Drilled:
        """Post an event of the type `test`, past the queue."""
        if self._gone:
            raise DeliveryError(self._gone)
        return asyncio.run(self._post_drill(drill))

    async def _post_drill(self, drill: Drill) -> Drilled:
        async with self._client() as client:
            body = _json("test", drill.time_s, self._world, {"text": dict(drill.texts)})
            answer = await self._sent(client, f"test-{drill.drill_id}", body)
        if not answer.is_success:
            raise DeliveryError(f"HTTP {answer.status_code}")
        return Drilled(f"the receiver took it: HTTP {answer.status_code}")

    def _carry(self, parcels: Sequence[Parcel]) -> Sequence[str]:
        if self._gone:
            raise AwayError(self._gone, wait_s=RETRY_AFTER_MAX_S)
        return asyncio.run(self._post_all(parcels))

    async def _post_all(self, parcels: Sequence[Parcel]) -> list[str]:
        """The steps of each zone in their order, until the receiver takes no more."""
        results: list[str | None] = [None] * len(parcels)
        lanes: dict[str, list[int]] = {}
        for i, parcel in enumerate(parcels):
            lanes.setdefault(parcel.alert.zone_id, []).append(i)
        gate = asyncio.Semaphore(self._keys.at_once)
        failed: dict[int, AwayError] = {}

        async def lane(turns: Sequence[int]) -> None:
            for i in turns:
                async with gate:
                    if len(failed) >= FAILED_MAX:
                        return
                    try:
                        results[i] = await self._post(client, parcels[i])
                    except AwayError as away:
                        failed[i] = away
                        return

        async with self._client() as client:
            await asyncio.gather(*(lane(turns) for turns in lanes.values()))
        if failed:
            self._blame(parcels, results, failed)
            longest = max(failed.values(), key=lambda away: away.wait_s)
            raise AwayError(str(longest), results, longest.wait_s)
        return [result or "" for result in results]

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            verify=self._trust, timeout=self._keys.timeout_s, trust_env=False
        )

    def _blame(
        self,
        parcels: Sequence[Parcel],
        results: list[str | None],
        failed: Mapping[int, AwayError],
    ) -> None:
        """Find the step at which a receiver breaks: none other may wait behind it."""
        for i, away in failed.items():
            key = parcels[i].key
            self._blamed[key] += BLAME_AMONG if "" in results else 1
            if self._blamed[key] >= BLAME_MAX:
                results[i] = f"{key[0]}-{key[1]}: {away}"

    async def _post(self, client: httpx.AsyncClient, parcel: Parcel) -> str:
        """One request: "", or what is wrong with the step; or AwayError."""
        name = f"{parcel.alert.alert_id}-{parcel.alert.step}"
        if not _ID.fullmatch(name):
            return f"{name!r} cannot be the id of a webhook"
        try:
            body = webhook_body(parcel, self._world)
        except (ValueError, OverflowError) as error:
            return f"{name}: {error}"
        return self._judged(await self._sent(client, name, body))

    async def _sent(
        self, client: httpx.AsyncClient, name: str, body: str
    ) -> httpx.Response:
        """What the receiver answers to a signed request; AwayError if it does not."""
        now = datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "user-agent": "forewarn",
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(name, now, body),
        }
        try:
            async with asyncio.timeout(self._keys.timeout_s):
                return await client.post(
                    self._keys.url, content=body.encode(), headers=headers
                )
        except (httpx.HTTPError, TimeoutError) as error:
            raise AwayError(f"{type(error).__name__}: {error}") from None

    def _judged(self, answer: httpx.Response) -> str:
        status = answer.status_code
        if answer.is_success:
            return ""
        if status in _OF_THE_STEP:
            return f"refused: HTTP {status}"
        if status == GONE:
            self._gone = (
                "stopped: the receiver wants no more (HTTP 410); what waits is posted "
                "after a restart, if it is still in the site file"
            )
            raise AwayError(self._gone, wait_s=RETRY_AFTER_MAX_S)
        hint = ": redirects are not followed, set url" if answer.is_redirect else ""
        raise AwayError(f"HTTP {status}{hint}", wait_s=retry_after_s(answer.headers))


def webhook_body(parcel: Parcel, world: World) -> str:
    """What is posted of a step, as JSON; ValueError if it holds no numbers."""
    alert = parcel.alert
    return _json(f"alert.{alert.state}", alert.issued_s, world, told(parcel))


def _json(kind: str, time_s: float, world: World, data: Mapping[str, Any]) -> str:
    time = datetime.fromtimestamp(time_s, UTC)
    body = {
        "type": kind,
        "timestamp": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "world": str(world),
        "data": data,
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def retry_after_s(headers: httpx.Headers) -> float:
    """Seconds that an answer asks to wait: a number or a date; 0 = it does not."""
    asked = headers.get("retry-after", "")
    if asked.isdecimal():
        wait_s = float(asked)
    else:
        try:
            wait_s = (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):  # no date, or one without a zone
            return 0.0
    return min(max(wait_s, 0.0), RETRY_AFTER_MAX_S)


def _signer(path: Path) -> Webhook:
    secret = kept_secret(path, partial(_made_secret, _SECRET_BYTES))
    try:
        bare = secret.removeprefix("whsec_")
        raw = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except ValueError:
        raw = b""
    if not secret.startswith("whsec_") or not 24 <= len(raw) <= 64:
        raise ConfigError(
            f"{path}: is no secret of webhooks; expected whsec_ and 24-64 bytes as base64"
        )
    return Webhook(raw)


def _made_secret(count: int) -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(count)).decode()}"


KIND = ChannelKind(WebhookKeys, WebhookChannel)
