"""A real broker for the tests, and a client of it that shares no code with ours."""

import getpass
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import NamedTuple

from servers import free_port, program

START_S = 10.0
OPEN = ("allow_anonymous true",)


class Heard(NamedTuple):
    """A message as `mosquitto_sub` prints it."""

    topic: str
    retained: bool
    body: bytes


class Broker:
    """Mosquitto in a folder of its own, on loopback; `lines` go into its configuration.

    Told to stop, it remembers sessions and what is retained; killed, it does not.
    """

    def __init__(self, folder: Path, *lines: str) -> None:
        self._program = program("mosquitto")
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        common = (
            f"listener {self.port} 127.0.0.1",
            f"user {getpass.getuser()}",
            "max_queued_messages 0",
            "persistence true",
            f"persistence_location {folder}/",
        )
        self._config.write_text("\n".join((*common, *(lines or OPEN))))
        self._log = folder / "mosquitto.log"
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        with self._log.open("ab") as log:
            command = [self._program, "-c", str(self._config)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        limit_s = time.monotonic() + START_S
        while time.monotonic() < limit_s and self._process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"Mosquitto did not start: {self._log.read_text()}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it."""
        self.send(number)
        self._process.wait(10)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def close(self) -> None:
        """End it in any case."""
        if self._process.poll() is None:
            self.stop(signal.SIGKILL)


class Subscriber:
    """`mosquitto_sub` on some topics, with a session that outlives a broken line.

    It has subscribed once it is made.
    """

    def __init__(self, port: int, *topics: str) -> None:
        command = [program("stdbuf"), "-oL", program("mosquitto_sub"), "-V", "mqttv5"]
        command += [
            "-q",
            "1",
            "-p",
            str(port),
            "-i",
            f"sub-{os.urandom(6).hex()}",
            "-c",
            "-x",
            "3600",
        ]
        command += [word for topic in topics for word in ("-t", topic)]
        self._process = subprocess.Popen(
            [*command, "-d", "-F", "> %t %r %x"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.heard: list[Heard] = []
        self._subscribed = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        assert self._subscribed.wait(START_S)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(b"> "):
                self.heard.append(_heard(line.decode()[2:]))
            elif line.startswith(b"Subscribed"):
                self._subscribed.set()

    def close(self) -> None:
        """Break the line: one that says goodbye first may wait long for the answer."""
        self._process.kill()
        self._process.wait(10)
        self._thread.join(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


def retained(port: int, topic: str, most: int = 1) -> list[Heard]:
    """What a client that subscribes now has within a second, but no more than so many."""
    command = [program("mosquitto_sub"), "-V", "mqttv5", "-p", str(port), "-t", topic]
    command += ["--retained-only", "-W", "1", "-C", str(most), "-F", "%t %r %x"]
    done = subprocess.run(command, capture_output=True, check=False)
    return [_heard(line) for line in done.stdout.decode().splitlines()]


def _heard(line: str) -> Heard:
    topic, kept, body = line.rstrip("\n").split(" ")
    return Heard(topic, kept == "1", bytes.fromhex(body))
