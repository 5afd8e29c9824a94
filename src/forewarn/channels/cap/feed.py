"""The newest messages as an Atom feed (RFC 4287), for who polls."""

from collections.abc import Iterable
from typing import Any

from lxml import etree

from forewarn.channels.cap.ledger import Entry
from forewarn.channels.cap.message import cap_time

NAME = "feed.atom"
DRILL_NAME = "drill.atom"  # of the newest self-drill, for who tests a reader
NEWEST = 100  # messages; some 40 kB, well below what readers of such feeds take
ATOM = "http://www.w3.org/2005/Atom"


def feed(entries: Iterable[Entry], address: str, exercise: bool, name: str = NAME) -> bytes:
    """Newest first. Links lead to the messages beside it.

    address : of the sender, which the feed is the feed of
    name    : of its file
    """
    newest = sorted(entries, key=lambda one: one.sent_s, reverse=True)[:NEWEST]
    spaces: Any = {None: ATOM}
    root = etree.Element(f"{{{ATOM}}}feed", nsmap=spaces)
    _add(root, "id", f"urn:forewarn:{address}")
    _add(root, "title", f"{'EXERCISE: ' if exercise else ''}Alerts of {address}")
    _add(root, "updated", _time(newest[0].sent_s if newest else 0.0))
    _add(_add(root, "author"), "name", address)
    _link(root, "self", name, "application/atom+xml")
    for one in newest:
        item = _add(root, "entry")
        _add(item, "id", f"urn:forewarn:{address}:{one.identifier}")
        _add(item, "title", one.headline)
        _add(item, "updated", _time(one.sent_s))
        _link(item, "alternate", f"{one.identifier}.xml", "application/cap+xml")
    body: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return body


def _time(time_s: float) -> str:
    """As RFC 3339 has it: unlike CAP, it knows Z."""
    return cap_time(time_s).replace("-00:00", "Z")


def _link(parent: Any, rel: str, href: str, kind: str) -> None:
    link = _add(parent, "link")
    for name, value in (("rel", rel), ("href", href), ("type", kind)):
        link.set(name, value)


def _add(parent: Any, name: str, text: str | None = None) -> Any:
    child = etree.SubElement(parent, f"{{{ATOM}}}{name}")
    child.text = text
    return child
