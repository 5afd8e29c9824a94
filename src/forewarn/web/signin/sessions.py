"""Who is signed in: tokens that mean nothing but a row in this process's memory."""

import hashlib
import secrets
from dataclasses import dataclass, field

from forewarn.web.signin.roles import RIGHTS, Right, Role

MOST = 1000  # sessions; beyond it the one idle longest ends


@dataclass(slots=True)
class Session:
    """One browser of one person. Times are of a clock that never goes back.

    csrf : told to pages of ours only, and asked back with every request that changes
    """

    account_id: str
    role: Role
    csrf: str
    began_s: float
    seen_s: float
    ended: bool = False

    def may(self, right: Right) -> bool:
        """Whether the role has this right."""
        return right in RIGHTS[self.role]


@dataclass(slots=True)
class Sessions:
    """All of them, by hash of their token."""

    idle_s: float
    most_s: float
    _open: dict[str, Session] = field(default_factory=dict)

    def begin(self, account_id: str, role: Role, now_s: float) -> tuple[str, Session]:
        """A new session and its token."""
        token = secrets.token_urlsafe(32)
        session = Session(account_id, role, secrets.token_urlsafe(32), now_s, now_s)
        if len(self._open) >= MOST:
            self._end(min(self._open, key=lambda key: self._open[key].seen_s))
        self._open[_digest(token)] = session
        return token, session

    def find(self, token: str, now_s: float, touch: bool = True) -> Session | None:
        """The session of a token, if it still runs."""
        key = _digest(token)
        session = self._open.get(key)
        if session is None:
            return None
        if now_s - session.seen_s > self.idle_s or now_s - session.began_s > self.most_s:
            self._end(key)
            return None
        if touch:
            session.seen_s = now_s
        return session

    def end(self, token: str) -> None:
        """Sign out."""
        self._end(_digest(token))

    def end_all(self, account_id: str) -> int:
        """End every session of a person; how many there were."""
        found = [key for key, one in self._open.items() if one.account_id == account_id]
        for key in found:
            self._end(key)
        return len(found)

    def count(self, account_id: str) -> int:
        """Sessions of a person that were not ended."""
        return sum(one.account_id == account_id for one in self._open.values())

    def _end(self, key: str) -> None:
        session = self._open.pop(key, None)
        if session is not None:
            session.ended = True


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
