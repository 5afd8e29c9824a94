"""The desk: where drafts lie until enough people have signed, and are sent once."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum

from forewarn.records import Command, CommandAction, IntArray
from forewarn.web.orders.area import ZoneMap
from forewarn.web.orders.echo import Mouth, Text, digest
from forewarn.web.orders.order import Order, Signed, proof_of
from forewarn.web.refusal import RefusedError

DRAFT_LASTS_S = 1800.0
DRAFTS_MAX = 200
CORRECTED_MAX = 100
WORDS = {
    CommandAction.PREPARE: "prepare",
    CommandAction.TAKE_COVER: "TAKE COVER",
    CommandAction.EXTEND: "extend",
    CommandAction.ALL_CLEAR: "all clear",
    CommandAction.TAKE_BACK: "sent in error",
    CommandAction.CORRECT: "sent in error",
}


class State(StrEnum):
    """Where a draft is."""

    DRAFTED = "drafted"
    WAITING = "waiting"  # for a second person
    SENT = "sent"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(slots=True, eq=False)
class Draft:
    """One order on its way, with all that is echoed of it.

    example : row of the zone, of most people, for which texts are shown
    share   : of the site's people or of its area, whichever is more
    """

    order: Order
    rows: IntArray
    example: int
    area_km2: float
    share: float
    texts: tuple[Text, ...]
    expires_s: float
    state: State = State.DRAFTED
    signed: list[Signed] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class Rules:
    """Of sending by hand.

    world      : "live" or "exercise"
    two        : whether `take cover` needs two people (without accounts there are none)
    approve_s  : the second has so long
    wide_share : beyond it the number of people is typed
    """

    site: str
    world: str
    two: bool
    approve_s: float
    wide_share: float


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a person says to send: the words and the digest of what they were shown."""

    confirm: str
    digest: str
    typed: str = ""


@dataclass(slots=True, eq=False)
class Desk:
    """Makes drafts, takes signatures, hands orders over: each once.

    zones   : as they stand, with their version
    hand    : gives a command to the chain; returns once it is on record, else refuses
    changed : told of every draft that changed
    """

    rules: Rules
    mouth: Mouth
    zones: Callable[[], tuple[ZoneMap, str]]
    hand: Callable[[Command], Awaitable[None]]
    clock: Callable[[], float]
    note: Callable[[str, str, str], None]
    changed: Callable[[Draft], None]
    drafts: dict[str, Draft] = field(default_factory=dict)
    _corrected: dict[tuple[str, ...], Draft] = field(default_factory=dict)

    def draft(self, who: str, action: CommandAction, threat: str, rows: IntArray) -> Draft:
        """A draft and its echo. Nothing is sent."""
        made = self._make(who, action, threat, rows)
        self.drafts[made.order.order_id] = made
        while len(self.drafts) > DRAFTS_MAX:
            self.drafts.pop(next(iter(self.drafts)))
        self._tell(made, who, "drafted")
        return made

    def find(self, draft_id: str) -> Draft:
        """A draft, as it stands now."""
        found = self.drafts.get(draft_id)
        if found is None:
            raise RefusedError(
                404, "there is no such draft here: it was never made, or long ago"
            )
        if found.state in (State.DRAFTED, State.WAITING) and self.clock() > found.expires_s:
            found.state = State.EXPIRED
            self._tell(found, "", "expired")
        return found

    def withdraw(self, who: str, draft: Draft) -> None:
        """Never send it."""
        if draft.state is State.SENT:
            raise RefusedError(409, "it was sent already: send a correction")
        if draft.state in (State.DRAFTED, State.WAITING):
            draft.state = State.WITHDRAWN
            self._tell(draft, who, "withdrew")

    def needs_two(self, draft: Draft) -> bool:
        """Whether a second person must sign."""
        return self.rules.two and draft.order.needs_two

    def confirm(self, order: Order) -> str:
        """The words to confirm it with: those of an exercise are never those of live."""
        action = WORDS[CommandAction(order.action)]
        return f"{order.world.upper()}: {action} in {len(order.zone_ids)} zones"

    def needs_typing(self, draft: Draft) -> bool:
        """Whether so many are told that their number must be typed."""
        return draft.share > self.rules.wide_share

    def check(self, draft: Draft, told: Confirmed) -> None:
        """Refuse what was not confirmed as it was shown."""
        if told.digest != draft.order.challenge().hex():
            raise RefusedError(409, "digest: this is not the draft that was shown")
        if told.confirm != self.confirm(draft.order):
            raise RefusedError(409, f"confirm: expected {self.confirm(draft.order)!r}")
        people = draft.order.people
        if self.needs_typing(draft) and told.typed != str(people):
            raise RefusedError(
                409, f"typed: {people} people would be told, so that number must be typed"
            )

    async def send(self, draft: Draft, signed: Signed) -> None:
        """The first person sends it, or signs it for the second."""
        if draft.state is State.DRAFTED and self.needs_two(draft):
            draft.signed = [signed]
            draft.state = State.WAITING
            draft.expires_s = self.clock() + self.rules.approve_s
            self._tell(draft, signed.account_id, "signed")
        elif draft.state is State.DRAFTED:
            await self._hand(draft, [signed])

    async def approve(self, draft: Draft, signed: Signed) -> None:
        """The second person sends it."""
        first = draft.signed[0]
        if first.account_id == signed.account_id or first.public_key == signed.public_key:
            raise RefusedError(403, "a second person must approve, with a key of their own")
        await self._hand(draft, [first, signed])

    async def correct(
        self, who: str, rows: IntArray, confirm: str, mistake: tuple[str, ...]
    ) -> Draft:
        """Take alerts back: one person, prepared texts, at once.

        mistake : ("draft", its id), or the ids of alerts; twice the same is one correction
        """
        by_hand = mistake[0] == "draft"
        action = CommandAction.TAKE_BACK if by_hand else CommandAction.CORRECT
        made = self._corrected.get(mistake) or self._make(who, action, "", rows)
        if confirm != self.confirm(made.order):
            raise RefusedError(409, f"confirm: expected {self.confirm(made.order)!r}")
        self._corrected[mistake] = made
        while len(self._corrected) > CORRECTED_MAX:
            self._corrected.pop(next(iter(self._corrected)))
        async with made.lock:
            if made.state is State.DRAFTED:
                await self._hand(made, [Signed(who, "session")])
        return made

    async def _hand(self, draft: Draft, signed: list[Signed]) -> None:
        order = draft.order
        command = Command(
            0,
            self.clock(),
            " and ".join(one.account_id for one in signed),
            CommandAction(order.action),
            order.zone_ids,
            order.threat,
            order.order_id,
            proof_of(order, signed),
        )
        await self.hand(command)
        draft.signed, draft.state = signed, State.SENT
        self._tell(draft, signed[-1].account_id, "sent")

    def _make(self, who: str, action: CommandAction, threat: str, rows: IntArray) -> Draft:
        zones, version = self.zones()
        now_s = self.clock()
        example = int(rows[zones.people[rows].argmax()])
        names = {lang: zones.name(example, lang) for lang in self.mouth.languages}
        texts = self.mouth.texts(action, threat, names, now_s)
        people = float(zones.people[rows].sum())
        area_m2 = float(zones.area_m2[rows].sum())
        order = Order(
            order_id=secrets.token_hex(8),
            site=self.rules.site,
            world=self.rules.world,
            action=str(action),
            threat=threat,
            zone_ids=zones.ids(rows),
            zones_version=version,
            people=round(people),
            texts_sha256=digest(texts),
            made_s=now_s,
            made_by=who,
        )
        share = max(
            people / max(float(zones.people.sum()), 1.0),
            area_m2 / float(zones.area_m2.sum()),
        )
        expires_s = now_s + DRAFT_LASTS_S
        return Draft(order, rows, example, area_m2 / 1e6, share, texts, expires_s)

    def _tell(self, draft: Draft, who: str, act: str) -> None:
        order = draft.order
        what = f"{order.action} {order.threat}".rstrip()
        whom = f"{len(order.zone_ids)} zones, {order.people} people"
        self.note(who, act, f"{order.order_id}: {what} in {whom}")
        self.changed(draft)
