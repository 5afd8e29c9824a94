"""Who may do what: one table of roles, one of routes. What stands in neither is refused."""

import re
from enum import StrEnum


class Role(StrEnum):
    """What an account is for."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"


class Right(StrEnum):
    """What a route asks for."""

    NONE = "none"  # anyone: these routes are how one signs in
    SEE = "see"
    ACT = "act"
    APPROVE = "approve"
    MANAGE = "manage"


# who manages accounts neither sends nor approves: nobody becomes two persons alone
RIGHTS: dict[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.SEE}),
    Role.OPERATOR: frozenset({Right.SEE, Right.ACT}),
    Role.APPROVER: frozenset({Right.SEE, Right.ACT, Right.APPROVE}),
    Role.ADMIN: frozenset({Right.SEE, Right.MANAGE}),
}
# method and path below /api/operators
ROUTES: dict[tuple[str, str], Right] = {
    ("POST", "/v1/signin/options"): Right.NONE,
    ("POST", "/v1/signin/passkey"): Right.NONE,
    ("POST", "/v1/signin/password"): Right.NONE,
    ("POST", "/v1/invitation/options"): Right.NONE,
    ("POST", "/v1/invitation/passkey"): Right.NONE,
    ("POST", "/v1/invitation/password"): Right.NONE,
    ("GET", "/v1/session"): Right.SEE,
    ("POST", "/v1/signout"): Right.SEE,
    ("GET", "/v1/accounts"): Right.MANAGE,
    ("POST", "/v1/accounts/{account_id}/signout"): Right.MANAGE,
    ("GET", "/v1/acts"): Right.MANAGE,
    ("GET", "/v1/status"): Right.SEE,
    ("GET", "/v1/picture"): Right.SEE,
    ("GET", "/v1/stream"): Right.SEE,
    ("GET", "/v1/past/film"): Right.SEE,
    ("GET", "/v1/past/period"): Right.SEE,
    ("GET", "/v1/past/report.html"): Right.SEE,
    ("GET", "/v1/past/recording.zip"): Right.ACT,
    ("GET", "/v1/drafts"): Right.SEE,
    ("POST", "/v1/drafts"): Right.ACT,
    ("GET", "/v1/drafts/{draft_id}"): Right.SEE,
    ("GET", "/v1/drafts/{draft_id}/texts/{zone_id}"): Right.SEE,
    ("POST", "/v1/drafts/{draft_id}/challenge"): Right.ACT,
    ("POST", "/v1/drafts/{draft_id}/send"): Right.ACT,
    ("POST", "/v1/drafts/{draft_id}/approve"): Right.APPROVE,
    ("POST", "/v1/drafts/{draft_id}/withdraw"): Right.ACT,
    ("POST", "/v1/corrections"): Right.ACT,
    ("POST", "/v1/drills"): Right.ACT,
    ("POST", "/v1/drills/push"): Right.ACT,
    ("GET", "/docs"): Right.SEE,
    ("GET", "/docs.js"): Right.SEE,
    ("GET", "/openapi.json"): Right.SEE,
    ("GET", "/static-docs/{file}"): Right.SEE,
}
_PATTERNS = [
    (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), method, right)
    for (method, path), right in ROUTES.items()
]


def wanted(method: str, path: str) -> Right | tuple[str, ...]:
    """What a request needs; else the methods that its path knows (none: no such path)."""
    found = {m: right for pattern, m, right in _PATTERNS if pattern.fullmatch(path)}
    return found.get(method) or tuple(sorted(found))
