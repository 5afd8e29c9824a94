"""The stage: decides for every zone what its people are told, and remembers it."""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray
from forewarn.records import (
    BY_HAND,
    IN_ERROR,
    Alert,
    AlertState,
    ChannelDelay,
    Command,
    CommandAction,
    Event,
    Exposures,
    IntArray,
    Zones,
    rows_of,
    two_groups,
)
from forewarn.threats import CLASSES
from forewarn.warning.danger import COUNTS, Danger, assess
from forewarn.warning.life import (
    CLEAR,
    COVERS,
    GOES_ON,
    HELD,
    NEXT,
    OVER,
    PREPARE,
    PREPARES,
    STATES,
    TAKE_COVER,
)
from forewarn.warning.params import WarningParams

_MISTAKES = (CommandAction.TAKE_BACK, CommandAction.CORRECT)
_ENDS = (CommandAction.ALL_CLEAR, *_MISTAKES)
_WHOLE = (
    "state", "manual", "opened_seq", "life_step", "muted_before", "raised_before", "kind",
    "alone_track",
)  # fmt: skip
_REAL = (
    "hold_until_s", "manual_until_s", "told_onset_s", "issued_s", "below_s", "alone_s",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """What zones concerned were held against at the last step, also where nothing was told.

    rows       : (z,) of them among all zones, rising: nothing threatens any other
    danger     : of each
    threshold  : (z,) `danger.due` above it raises take cover
    prepare_at : (z,) `danger.soon` above it raises prepare
    """

    rows: IntArray
    danger: Danger
    threshold: FloatArray
    prepare_at: FloatArray


class Warner:
    """Keeps, per zone, the life of its alert.

    weighed : of the last step; None = no zone was concerned
    """

    def __init__(self, site_name: str, zones: Zones, params: WarningParams) -> None:
        self._site = site_name
        self._zones = zones
        self._row = {zone_id: i for i, zone_id in enumerate(zones.zone_id)}
        self._params = params
        n = len(zones.zone_id)
        self._whole: dict[str, IntArray] = {name: np.zeros(n, np.int64) for name in _WHOLE}
        self._real: dict[str, FloatArray] = {name: np.full(n, -np.inf) for name in _REAL}
        # while it is above its threshold, when it was last below; inf = it is below
        self._real["below_s"][:] = np.inf
        self._step_s = -np.inf  # of the step before
        self._delays: dict[str, float] = {}
        self.weighed: Weighed | None = None

    def step(self, exposures: Exposures, event: Event) -> tuple[Alert, ...]:
        """Alerts that this event changes, in the order of their zones."""
        self._obey(event)
        rows = self._concerned(exposures, event)
        alerts: tuple[Alert, ...] = ()
        self.weighed = None
        if len(rows):  # most steps are of a quiet sky
            self.weighed = self._weigh(exposures, rows)
            self._recheck(exposures, rows)
            state = self._decide(self.weighed, event)
            alerts = self._tell(exposures, self.weighed, state, event)
        self._step_s = exposures.received_s
        return alerts

    def _concerned(self, exposures: Exposures, event: Event) -> IntArray:
        """Rows of zones that are threatened, commanded or not at rest, rising.

        Any other is clear and below its threshold, and stays so.
        """
        real = self._real
        concerned = self._whole["state"] != CLEAR
        concerned |= real["manual_until_s"] > exposures.received_s
        concerned |= real["below_s"] < np.inf
        concerned[exposures.zone] = True
        if isinstance(event, Command):
            concerned[self._rows(event)] = True
        return np.flatnonzero(concerned)

    def _weigh(self, exposures: Exposures, rows: IntArray) -> Weighed:
        p = self._params
        names = "state", "muted_before", "raised_before"
        state, muted, raised = (self._whole[name][rows] for name in names)
        shelter_s = self._zones.shelter_s[rows]
        # who is under alert stays so while seconds tremble about what they need
        hold_s = np.where(state >= TAKE_COVER, p.hold_s, 0.0)
        need_s = shelter_s + self._delay_s() + p.margin_s + hold_s
        danger = assess(exposures, rows, need_s, muted, raised, p)
        left_s = np.nan_to_num(danger.onset_p05_s - exposures.received_s, nan=np.inf)
        threshold = p.threshold(left_s, shelter_s, danger.gravity)
        return Weighed(rows, danger, threshold, p.prepare_ratio * threshold)

    def _obey(self, event: Event) -> None:
        """Take up an operator's command or a channel's measured delay."""
        if isinstance(event, ChannelDelay):
            self._delays[event.channel] = event.delay_s
        if not isinstance(event, Command):
            return
        rows = self._rows(event)
        if event.action is CommandAction.EXTEND:
            rows = rows[self._real["manual_until_s"][rows] > event.received_s]
            self._real["manual_until_s"][rows] = event.received_s + self._params.manual_s
        elif event.action in _ENDS:
            self._whole["manual"][rows] = CLEAR
            self._real["manual_until_s"][rows] = -np.inf
            self._real["hold_until_s"][rows] = -np.inf
            self._real["alone_s"][rows] = -np.inf
            if event.action is not CommandAction.TAKE_BACK:
                # those known by now are what the operator judged; a track that appears
                # later speaks for itself
                self._whole["muted_before"][rows] = _after(event)
        else:
            self._whole["manual"][rows] = STATES.index(AlertState(event.action.value))
            self._real["manual_until_s"][rows] = event.received_s + self._params.manual_s

    def _rows(self, command: Command) -> IntArray:
        return np.array(
            [self._row[i] for i in command.zone_ids if i in self._row], np.int64
        )

    def _delay_s(self) -> float:
        return max(self._delays.values(), default=self._params.channel_delay_s)

    def _recheck(self, exposures: Exposures, rows: IntArray) -> None:
        """Bring up to date when what one group alone raised must be over.

        It is as late as the group now says of that threat, wherever it may come down; and
        nothing waits for it once another group sees it too. What is no longer tracked
        stays as it was last told.
        """
        alone_s, known = self._real["alone_s"], exposures.track_id
        rows = rows[alone_s[rows] > exposures.received_s]
        of, tracked = rows_of(self._whole["alone_track"][rows], known)
        of, rows = of[tracked], rows[tracked]
        alone_s[rows] = np.minimum(alone_s[rows], exposures.last_s[of])
        alone_s[rows[two_groups(exposures.group_mask[of])]] = -np.inf

    def _decide(self, weighed: Weighed, event: Event) -> IntArray:
        """(z,) the state each zone concerned goes into."""
        p, now_s, whole, real = self._params, event.received_s, self._whole, self._real
        rows, danger, threshold = weighed.rows, weighed.danger, weighed.threshold
        before = whole["state"][rows]
        ahead = np.isfinite(danger.onset_p50_s)
        # what was long known to go elsewhere, and barely points here, must do so again
        below = danger.due <= threshold
        below_s = np.where(below, np.inf, np.minimum(real["below_s"][rows], self._step_s))
        real["below_s"][rows] = below_s
        sure = (danger.fresh > threshold) | (danger.due > p.sure_ratio * threshold)
        sure |= now_s - below_s >= p.sure_s
        cover = ~below & sure & ahead
        prepare = (danger.soon > weighed.prepare_at) & ahead
        manual = np.where(
            real["manual_until_s"][rows] > now_s, whole["manual"][rows], CLEAR
        )
        whole["raised_before"][rows[cover]] = _after(event)
        stays = np.where(before == PREPARE, danger.soon_stays, danger.due_stays) > threshold
        held = stays | cover | prepare & (before <= PREPARE)
        hold = real["hold_until_s"][rows]
        hold[held] = np.maximum(hold[held], now_s + p.hold_s)
        real["hold_until_s"][rows] = hold
        signal = np.full(len(before), HELD)
        signal[prepare | (manual == PREPARE)] = PREPARES
        signal[(before == TAKE_COVER) & ahead & stays] = GOES_ON
        signal[cover | (manual == TAKE_COVER)] = COVERS
        raised = NEXT[before, signal] >= TAKE_COVER
        # one group alone cannot take back what it raised: the time of it must have run out
        alone_s, track = real["alone_s"][rows], whole["alone_track"][rows]
        alone = raised & ~danger.agreed & held & (danger.over_track >= 0)
        alone &= (danger.over_s >= alone_s) | (danger.over_track == track)
        alone_s[alone] = danger.over_s[alone]
        real["alone_s"][rows] = alone_s
        whole["alone_track"][rows[alone]] = danger.over_track[alone]
        until = np.maximum(hold, alone_s + p.hold_s)
        signal[(manual == CLEAR) & (now_s >= until)] = OVER
        return np.asarray(NEXT[before, signal])

    def _tell(
        self, exposures: Exposures, weighed: Weighed, state: IntArray, event: Event
    ) -> tuple[Alert, ...]:
        """Write the steps of all zones whose state, or seconds left, changed."""
        now_s, whole, real = exposures.received_s, self._whole, self._real
        rows, danger = weighed.rows, weighed.danger
        before = whole["state"][rows]
        onset = danger.onset_p05_s
        told = real["told_onset_s"][rows]
        moved = np.abs(onset - told) > self._params.correct_s
        patient = now_s - real["issued_s"][rows] >= self._params.correct_every_s
        # people told to take cover by hand, of no threat that was seen, and now one is due
        joined = np.isnan(told) & np.isfinite(onset) & (danger.due > weighed.threshold)
        stays = (state == TAKE_COVER) & (before == TAKE_COVER)
        correct = stays & (moved & patient | joined)
        taken_back = np.zeros(len(rows), bool)
        if isinstance(event, Command) and event.action in _MISTAKES:
            # also where the alert is over: whoever heard it hears that it was none
            asked = np.searchsorted(rows, self._rows(event))
            heard = whole["opened_seq"][rows[asked]] > 0
            taken_back[asked] = heard & (state[asked] == CLEAR)
        which = np.flatnonzero((state != before) | correct | taken_back)
        opened = rows[which[(before[which] == CLEAR) & ~taken_back[which]]]
        whole["opened_seq"][opened] = event.seq
        whole["life_step"][opened] = -1
        whole["kind"][opened] = -1
        whole["life_step"][rows[which]] += 1
        if isinstance(event, Command) and event.threat in CLASSES:
            whole["kind"][self._rows(event)] = CLASSES.index(event.threat)
        known = which[danger.kind[which] >= 0]
        whole["kind"][rows[known]] = danger.kind[known]
        whole["state"][rows] = state
        real["issued_s"][rows[which]] = now_s
        real["told_onset_s"][rows[which]] = onset[which]
        alerts = (self._alert(exposures, weighed, k, event.seq) for k in which.tolist())
        return tuple(
            replace(alert, reason=IN_ERROR) if taken_back[k] else alert
            for k, alert in zip(which, alerts, strict=True)
        )

    def _alert(self, exposures: Exposures, weighed: Weighed, k: int, seq: int) -> Alert:
        zones, whole, danger = self._zones, self._whole, weighed.danger
        row = int(weighed.rows[k])
        state = STATES[whole["state"][row]]
        ended = state is AlertState.CLEAR
        by_hand = bool(self._real["manual_until_s"][row] > exposures.received_s)
        first, last = np.searchsorted(exposures.zone, [row, row + 1])
        # what sent people under cover; what is minutes away may yet pass them by
        covers = whole["state"][row] >= TAKE_COVER and not by_hand
        named = danger.urgent if covers else danger.counts
        pairs = np.arange(first, last)[named[first:last]]
        # those that make up the danger, not every far possibility
        pairs = pairs[
            exposures.probability[pairs]
            > COUNTS * exposures.probability[pairs].max(initial=0)
        ]
        threats = exposures.threat[pairs]
        mask = int(np.bitwise_or.reduce(exposures.group_mask[threats], initial=0))
        opened = int(whole["opened_seq"][row])
        kind = int(whole["kind"][row])
        return Alert(
            alert_id=_alert_id(self._site, zones.zone_id[row], opened),
            step=int(whole["life_step"][row]),
            seq=seq,
            zone_id=zones.zone_id[row],
            state=AlertState.ALL_CLEAR if ended else state,
            issued_s=exposures.received_s,
            onset_p05_s=float("nan") if ended else float(danger.onset_p05_s[k]),
            onset_p50_s=float("nan") if ended else float(danger.onset_p50_s[k]),
            probability=float(
                (danger.due if state is not AlertState.PREPARE else danger.soon)[k]
            ),
            threshold=float(weighed.threshold[k]),
            people=float(zones.population[row]),
            kind=CLASSES[kind] if kind >= 0 else "",
            threats=() if ended else tuple(f"T{i}" for i in exposures.track_id[threats]),
            sources=() if ended else _names(mask, exposures.group_names),
            reason=BY_HAND if by_hand else "over" if ended else "threat",
        )

    def memory(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on."""
        return {
            **self._whole,
            **self._real,
            "step_s": np.array([self._step_s]),
            "delay_channel": np.array(list(self._delays), dtype=np.str_),
            "delay_s": np.array(list(self._delays.values()), dtype=np.float64),
        }

    def restore(self, memory: dict[str, NDArray[Any]]) -> None:
        """Go on from `memory`, made for the same zones."""
        if len(memory["state"]) != len(self._zones.zone_id):
            raise ConfigError(
                f"snapshot holds {len(memory['state'])} zones, the site has "
                f"{len(self._zones.zone_id)}: restore the zones file it was made with"
            )
        self._whole = {name: memory[name].copy() for name in _WHOLE}
        self._real = {name: memory[name].copy() for name in _REAL}
        self._step_s = float(memory["step_s"][0])
        self._delays = dict(
            zip(memory["delay_channel"].tolist(), memory["delay_s"].tolist(), strict=True)
        )


def _after(event: Event) -> int:
    """Above the ids of all tracks known by then: the event of its birth numbers each."""
    return (event.seq + 1) << 17


def _alert_id(site: str, zone_id: str, opened_seq: int) -> str:
    """One per life of an alert in a zone, the same wherever it is computed."""
    return hashlib.sha256(f"{site}|{zone_id}|{opened_seq}".encode()).hexdigest()[:16]


def _names(mask: int, group_names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for i, name in enumerate(group_names) if mask >> i & 1)
