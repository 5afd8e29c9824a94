"""How the application is served: the address, open files, rubbish in memory."""

import gc
import resource
import socket
from collections.abc import Iterator

import pytest

from forewarn.errors import ConfigError
from forewarn.web import serving
from forewarn.web.message import Message
from forewarn.web.serving import listener, raise_file_limit, tidy


def test_an_address_that_is_taken_is_named() -> None:
    with listener("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"\[web\] 127\.0\.0\.1:{port} cannot be"):
            listener("127.0.0.1", port)


def test_connections_end_by_themselves_when_nobody_reads() -> None:
    with (
        listener("127.0.0.1", 0, stalled_s=7.0) as ours,
        socket.create_connection(ours.getsockname()),
        ours.accept()[0] as taken,
    ):
        option = taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        assert option == 7000


def test_as_many_files_may_be_open_as_the_system_allows() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert raise_file_limit() == most
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, most)


@pytest.fixture
def _no_collector() -> Iterator[None]:
    gc.disable()
    gc.collect()
    yield
    gc.enable()


class Ring:
    """Holds itself: only the collector can free it."""

    def __init__(self) -> None:
        self.me = self


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize(
    ("quiet", "count", "freed"),
    [(True, 10, False), (True, 300, True), (False, 300, False), (False, 3000, True)],
)
def test_rubbish_is_left_while_alerts_are_out_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, quiet: bool, count: int, freed: bool
) -> None:
    monkeypatch.setattr(serving, "WORTH_IT", 200)
    monkeypatch.setattr(serving, "RUBBISH_MAX", 2000)
    for _ in range(count):
        Ring()
    tidy(quiet)
    assert (gc.get_count()[0] < 10) == freed


def test_a_message_is_the_same_bytes_for_all_who_read_it() -> None:
    message = Message("alerts", '{"a":"ü"}', "run-7")
    assert message.sse == 'event: alerts\nid: run-7\ndata: {"a":"ü"}\n\n'.encode()
    assert message.text == '{"event":"alerts","id":"run-7","data":{"a":"ü"}}'
    assert message.sse is message.sse
    assert Message("heartbeat", "{}").sse == b"event: heartbeat\ndata: {}\n\n"
