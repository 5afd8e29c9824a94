"""How often a password may be tried. No number of tries locks everybody out.

A wrong password costs the one who tried it, at their address, ever more waiting. Only
when tries at one account come from everywhere is its password closed for a while, and
then not at addresses where that person came in before. Passkeys are never closed.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

FREE = 5  # tries before waiting begins, of one account at one address,
FREE_ADDRESS = 20  # of all accounts at one address,
FREE_ACCOUNT = 60  # of one account at all addresses
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 900.0
FORGET_S = 3600.0  # after a last failure
KEPT = 20_000  # counters; the oldest are forgotten first


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last_s: float = 0.0


@dataclass(slots=True)
class Limits:
    """Counts failures. Times are of one clock that never goes back."""

    _failures: OrderedDict[Hashable, _Failures] = field(default_factory=OrderedDict)
    _known: set[tuple[str, str]] = field(default_factory=set)

    def wait_s(self, account_id: str, address: str, now_s: float) -> float:
        """Seconds until a password may be tried; 0 = now."""
        here = self._wait((account_id, address), FREE, now_s)
        if (account_id, address) in self._known:
            return here
        return max(
            here,
            self._wait(("", address), FREE_ADDRESS, now_s),
            self._wait((account_id, ""), FREE_ACCOUNT, now_s),
        )

    def failed(self, account_id: str, address: str, now_s: float) -> None:
        """A wrong password; also one that is yet to be tried, until it `came_in`."""
        for key in ((account_id, address), ("", address), (account_id, "")):
            found = self._failures.pop(key, None)
            if found is None or now_s - found.last_s > FORGET_S:
                found = _Failures()
            found.count, found.last_s = found.count + 1, now_s
            self._failures[key] = found
        while len(self._failures) > KEPT:
            self._failures.popitem(last=False)

    def came_in(self, account_id: str, address: str) -> None:
        """It was right after all: this address is known as this person's."""
        self._failures.pop((account_id, address), None)
        for key in (("", address), (account_id, "")):
            if key in self._failures:
                self._failures[key].count -= 1
        self._known.add((account_id, address))

    def _wait(self, key: Hashable, free: int, now_s: float) -> float:
        found = self._failures.get(key)
        if found is None or found.count < free or now_s - found.last_s > FORGET_S:
            return 0.0
        wait_s = min(FIRST_WAIT_S * 2.0 ** min(found.count - free, 20), LONGEST_WAIT_S)
        return max(0.0, found.last_s + wait_s - now_s)
