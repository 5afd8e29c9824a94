"""CBSP (3GPP TS 48.049) as a broadcast centre speaks it, to a real base station controller.

The controller connects to us; every octet either way is kept, and can be written as
a packet capture for a decoder that is not ours.
"""

import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import dpkt
import pytest

from cell_centre import Sent

WRITE_REPLACE, WRITE_COMPLETE, WRITE_FAILURE = 1, 2, 3
KILL, KILL_COMPLETE, KILL_FAILURE = 4, 5, 6
RESET, RESET_COMPLETE, RESTART = 0x10, 0x11, 0x13
ALL_CELLS = b"\x04\x00\x01\x06"
NOT_SUPPORTED = 9  # cause: cell broadcast not supported
PORT = 48049


def program(name: str) -> str:
    """Where a program is that tests talk to; where it is not, they are skipped."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if not found and os.environ.get("CI") == "true":
        pytest.fail(f"{name} is missing, and a build machine has to have it")
    if not found:
        pytest.skip(f"{name} is not installed: `tools/find-servers` installs it")
    return found


@dataclass
class Controller:
    """osmo-bsc, a real base station controller, with two cells; it is a `cell_centre.Peer`.

    Cell 10 has a broadcast channel, cell 11 has none.
    answers : message type and what follows, in order
    """

    folder: Path
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    octets: list[tuple[bool, float, bytes]] = field(default_factory=list)  # whether ours

    def open(self) -> "Controller":
        home = f"127.{os.getpid() % 200 + 20}.{time.time_ns() % 250 + 1}.7"
        self._listening = socket.create_server((home, 0))
        port = self._listening.getsockname()[1]
        config = self.folder / "bsc.cfg"
        config.write_text(CONFIG.format(home=home, port=port))
        self._log = (self.folder / "bsc.log").open("wb")
        self._process = subprocess.Popen(
            [program("osmo-bsc"), "-c", str(config), "-s"],
            stdout=self._log,
            stderr=self._log,
            cwd=self.folder,
        )
        self._listening.settimeout(10)
        try:
            self._link, _ = self._listening.accept()
        except TimeoutError:
            self._process.kill()
            pytest.fail(
                f"osmo-bsc did not connect: {(self.folder / 'bsc.log').read_text()}"
            )
        self._link.settimeout(10)
        self._rest = b""
        return self

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._link.close()
        self._listening.close()
        self._log.close()

    def hear(self) -> tuple[int, bytes]:
        """The next message from the controller."""
        while len(self._rest) < 4 or len(self._rest) < 4 + _size(self._rest):
            read = self._link.recv(65536)
            assert read, "the controller hung up"
            self.octets.append((False, time.time(), read))
            self._rest += read
        size = 4 + _size(self._rest)
        message, self._rest = self._rest[:size], self._rest[size:]
        self.answers.append((message[0], message[4:]))
        return self.answers[-1]

    def say(self, kind: int, body: bytes) -> tuple[int, bytes]:
        """Send a message, and hear the answer."""
        message = bytes([kind]) + len(body).to_bytes(3, "big") + body
        self.octets.append((True, time.time(), message))
        self._link.sendall(message)
        return self.hear()

    def reset(self) -> tuple[int, bytes]:
        return self.say(RESET, ALL_CELLS)

    def start(self, message: Sent) -> None:
        """WRITE-REPLACE, as the centre sends it for all cells."""
        body = message.body
        categories = ("high_priority", "background", "normal")
        parts = [
            b"\x0e" + message.identifier.to_bytes(2, "big"),
            b"\x03" + message.serial.to_bytes(2, "big"),
            ALL_CELLS,
            b"\x12\x00",  # basic channel
            b"\x05" + bytes([categories.index(body["category"])]),
            b"\x06" + body["repetition_period"].to_bytes(2, "big"),
            b"\x07" + body["num_of_bcast"].to_bytes(2, "big"),
            b"\x13" + bytes([len(message.pages)]),
            b"\x0c" + bytes([message.dcs]),
            *(b"\x01\x52" + page for page in message.pages),
        ]
        self.say(WRITE_REPLACE, b"".join(parts))

    def end(self, message: Sent) -> None:
        """KILL of a message in all cells."""
        number = b"\x0e" + message.identifier.to_bytes(2, "big")
        serial = b"\x02" + message.serial.to_bytes(2, "big")
        self.say(KILL, number + serial + ALL_CELLS + b"\x12\x00")

    def capture(self, path: Path) -> None:
        """Write all that was said as packets of one TCP connection."""
        sequence = {True: 1, False: 1}
        with path.open("wb") as file:
            writer = dpkt.pcap.Writer(file, linktype=dpkt.pcap.DLT_RAW)
            for ours, time_s, octets in self.octets:
                near, far = (PORT, 40000) if ours else (40000, PORT)
                segment = dpkt.tcp.TCP(
                    sport=near,
                    dport=far,
                    seq=sequence[ours],
                    ack=sequence[not ours],
                    flags=dpkt.tcp.TH_ACK | dpkt.tcp.TH_PUSH,
                    data=octets,
                )
                sequence[ours] += len(octets)
                packet = dpkt.ip.IP(
                    src=b"\x7f\0\0\1", dst=b"\x7f\0\0\2", p=dpkt.ip.IP_PROTO_TCP
                )
                packet.data, packet.len = segment, 20 + len(segment)
                writer.writepkt(bytes(packet), time_s)


def _size(message: bytes) -> int:
    return int.from_bytes(message[1:4], "big")


def refused(answer: tuple[int, bytes]) -> dict[int, int]:
    """Cause by cell, out of the failure list of an answer (TS 48.049, 8.2.11)."""
    kind, body = answer
    if kind not in (WRITE_FAILURE, KILL_FAILURE):
        return {}
    # message identifier and serial number take 6 octets, the list's own head 3
    assert body[6] == 0x09
    items = body[9 : 9 + int.from_bytes(body[7:9], "big")]
    # each: kind of cell name (0 = with its network), network and area, cell, cause
    each = [items[i : i + 9] for i in range(0, len(items), 9)]
    return {int.from_bytes(item[6:8], "big"): item[8] for item in each}


CELL = """\
 bts {number}
  type osmo-bts
  band GSM-1800
  cell_identity {cell}
  location_area_code 23
  ipa unit-id {unit} 0
  trx 0
   rf_locked 0
   arfcn {arfcn}
   nominal power 23
   timeslot 0
    phys_chan_config {channels}
"""
CONFIG = (
    """\
line vty
 bind {home}
ctrl
 bind {home}
network
 allow-unusable-timeslots
 network country code 901
 mobile network code 70
"""
    + CELL.format(number=0, cell=10, unit=1800, arfcn=868, channels="CCCH+SDCCH4+CBCH")
    + CELL.format(number=1, cell=11, unit=1801, arfcn=870, channels="CCCH+SDCCH4")
    + """\
e1_input
 e1_line 0 driver ipa
 ipa bind {home}
msc 0
 allow-emergency deny
cbc
 mode client
 client
  remote-ip {home}
  remote-port {port}
"""
)
