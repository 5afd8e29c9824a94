"""A cell broadcast centre for tests: osmo-cbc's REST interface, as its source answers it.

It holds one message per message identifier, checks what it is sent as osmo-cbc does, and
hands it on to its peers; whatever they say, it answers 201.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

PATH = "/api/ecbe/v1/message"
SCOPES = ("cell_wide_immediate", "plmn_wide", "lac_sac_tac_wide", "cell_wide")


@dataclass(frozen=True)
class Sent:
    """A message as the centre took it."""

    identifier: int
    serial: int
    dcs: int
    pages: tuple[bytes, ...]
    body: dict[str, Any]

    @property
    def text(self) -> str:
        """Its letters, without what fills up the pages."""
        page = from_ucs2 if self.dcs == 72 else from_gsm
        return "".join(page(each) for each in self.pages)


class Peer(Protocol):
    """A part of the network, below the centre."""

    def start(self, message: Sent) -> None: ...

    def end(self, message: Sent) -> None: ...


@dataclass
class BroadcastCentre:
    """Its server runs from `open` to `close`, on the same port each time.

    asked   : every request, "POST 4370 201"
    started : messages taken, ended : messages ended, in order
    faults  : statuses of the next answers, before anything is done; 0 = hang up
    late    : likewise, but after it was done
    """

    peers: tuple[Peer, ...] = ()
    told: Callable[[Sent], None] = lambda message: None
    asked: list[str] = field(default_factory=list)
    started: list[Sent] = field(default_factory=list)
    ended: list[Sent] = field(default_factory=list)
    on_air: dict[int, Sent] = field(default_factory=dict)
    faults: list[int] = field(default_factory=list)
    late: list[int] = field(default_factory=list)
    port: int = 0

    def open(self) -> "BroadcastCentre":
        handler = type("Handler", (_Handler,), {"centre": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()
        return self

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def post(self, body: Any) -> tuple[int, str]:
        try:
            sent = as_sent(body)
        except (KeyError, TypeError, ValueError, AssertionError) as error:
            return 400, repr(error)
        if sent.identifier in self.on_air:
            return 409, "Could not allocate"
        self.told(sent)
        self.on_air[sent.identifier] = sent
        self.started.append(sent)
        for peer in self.peers:
            peer.start(sent)
        return 201, "Created"

    def delete(self, identifier: int) -> tuple[int, str]:
        if identifier not in self.on_air:
            return 404, "Unknown message ID"
        sent = self.on_air.pop(identifier)
        self.ended.append(sent)
        for peer in self.peers:
            peer.end(sent)
        return 200, "OK"


class _Handler(BaseHTTPRequestHandler):
    centre: BroadcastCentre

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = str(body["smscb_message"]["message_id"])
        right = self.path == PATH
        self._answer(name, lambda: self.centre.post(body) if right else (404, ""))

    def do_DELETE(self) -> None:
        head, _, name = self.path.rpartition("/")
        right = head == PATH
        self._answer(name, lambda: self.centre.delete(int(name)) if right else (404, ""))

    def _answer(self, name: str, act: Callable[[], tuple[int, str]]) -> None:
        centre = self.centre
        status, text = (centre.faults.pop(0), "fault") if centre.faults else act()
        if status < 300 and centre.late:
            status, text = centre.late.pop(0), "too late"
        centre.asked.append(f"{self.command} {name} {status}")
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


def as_sent(body: dict[str, Any]) -> Sent:
    """What osmo-cbc reads of a message, with its limits."""
    assert isinstance(body["cbe_name"], str)
    assert body["category"] in ("normal", "high_priority", "background")
    assert 1 <= body["repetition_period"] <= 4095
    assert 0 <= body["num_of_bcast"] <= 65535
    assert body["scope"] == {"scope_plmn": {}}
    message = body["smscb_message"]
    serial = message["serial_nr"]["serial_nr_decoded"]
    assert 0 <= serial["msg_code"] <= 1023
    assert 0 <= serial["update_nr"] <= 15
    scope = SCOPES.index(serial["geo_scope"])
    payload = message["payload"]["payload_encoded"]
    pages = tuple(bytes.fromhex(page) for page in payload["pages"])
    assert 1 <= len(pages) <= 15
    assert all(len(page) <= 82 for page in pages)
    assert 0 <= message["message_id"] <= 65535
    number = scope << 14 | serial["msg_code"] << 4 | serial["update_nr"]
    return Sent(message["message_id"], number, payload["dcs"], pages, body)


# 3GPP TS 23.038, 6.2.1, written out here once more so that a slip in ours would show
GSM = [
    "@£$¥èéùìòÇ\nØø\rÅå",
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ",
    " !\"#¤%&'()*+,-./",
    "0123456789:;<=>?",
    "¡ABCDEFGHIJKLMNO",
    "PQRSTUVWXYZÄÖÑÜ§",
    "¿abcdefghijklmno",
    "pqrstuvwxyzäöñüà",
]
ESCAPED = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}


def from_gsm(page: bytes) -> str:
    """Letters of a page of 93 septets, as a phone reads them."""
    assert len(page) == 82
    bits = "".join(f"{octet:08b}"[::-1] for octet in page)
    codes = [int(bits[7 * i : 7 * i + 7][::-1], 2) for i in range(93)]
    letters, escaped = [], False
    for code in codes:
        if escaped:
            letters.append(ESCAPED[code])
        elif code != 0x1B:
            letters.append(GSM[code >> 4][code & 15])
        escaped = code == 0x1B and not escaped
    assert not escaped, "the page ends within a letter"
    return "".join(letters).rstrip("\r")


def from_ucs2(page: bytes) -> str:
    """Letters of a page of 41 units, as a phone reads them."""
    assert len(page) == 82
    return page.decode("utf-16-be").rstrip("\r")
