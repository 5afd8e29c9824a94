"""A server of HTTP that tests post to: it keeps what came, and answers as it is told."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Post:
    """One request: path, headers by lower-case name, body, and when it came (monotonic)."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    time_s: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What it is answered."""

    status: int = 201
    headers: Mapping[str, str] = field(default_factory=dict)


class Receiver:
    """Listens on loopback; `reply` decides on each request, `got` are those it took."""

    def __init__(self, reply: Callable[[Post], Reply] = lambda post: Reply()) -> None:
        self.reply = reply
        self.got: list[Post] = []
        self.asked: list[Post] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                post = Post(self.path, headers, body, time.monotonic())
                reply = receiver.take(post)
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Nothing."""

        class Server(ThreadingHTTPServer):
            request_queue_size = 128
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def take(self, post: Post) -> Reply:
        """Keep a request, and what it is answered."""
        reply = self.reply(post)
        self.asked.append(post)
        if reply.status < 300:
            self.got.append(post)
        return reply

    def refuse(self, status: int = 503) -> None:
        """Take nothing from now on."""
        self.reply = lambda post: Reply(status)

    def welcome(self) -> None:
        """Take all again."""
        self.reply = lambda post: Reply()

    def close(self) -> None:
        """Stop to listen."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
