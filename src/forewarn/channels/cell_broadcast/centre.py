"""A cell broadcast centre as osmo-cbc offers it: its REST interface for broadcast entities.

`POST /api/ecbe/v1/message` puts a message on the air. It answers 201 when every peer has
answered, with yes or no; 409 while it holds another of the same identifier; 400 with the
reason when it cannot read it. `DELETE .../message/ID` ends one: 200; 404 if there is none.
"""

from typing import Any

import httpx

from forewarn.channels.cell_broadcast.lines import Message
from forewarn.errors import ConfigError, DeliveryError

PATH = "/api/ecbe/v1/message"
CONNECT_S = 3.0
ANSWER_S = 20.0  # it waits up to 15 s for its peers
_SCOPES = ("cell_wide_immediate", "plmn_wide", "lac_sac_tac_wide", "cell_wide")


class Centre:
    """Asks one centre to start and to end messages; says what went wrong.

    address : of its REST interface, http or https
    speaker : who says so, for its log
    """

    def __init__(self, address: str, speaker: str) -> None:
        try:
            url = httpx.URL(address)
        except (httpx.InvalidURL, TypeError):
            url = httpx.URL("")
        if url.scheme not in ("http", "https") or not url.host:
            raise ConfigError(
                f"cell broadcast centre: found {address!r}, expected http://HOST:PORT"
            )
        self._speaker = speaker
        self._client = httpx.Client(
            base_url=url,
            timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
            trust_env=False,  # a proxy of the machine is no way to a centre
        )

    def start(self, message: Message) -> None:
        """Put a message on the air, in the place of what has its identifier."""
        body = message_json(message, self._speaker)
        answer = self._ask("POST", PATH, body)
        if answer.status_code == 409:
            self.end(message.identifier)
            answer = self._ask("POST", PATH, body)
        if answer.status_code not in (200, 201):
            raise DeliveryError(_told(answer))

    def end(self, identifier: int) -> None:
        """Take a message off the air; that there is none is as good."""
        answer = self._ask("DELETE", f"{PATH}/{identifier}")
        if answer.status_code not in (200, 404):
            raise DeliveryError(_told(answer))

    def close(self) -> None:
        """Give back the connection."""
        self._client.close()

    def _ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        try:
            return self._client.request(method, path, json=body)
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
            raise DeliveryError(f"centre does not answer {method}: {why}") from None


def message_json(message: Message, speaker: str) -> dict[str, Any]:
    """A message as the centre takes it: always our own pages, never its text.

    Its own way from text to UCS-2 (`payload_decoded`) broadcasts no page, and answers 201.
    """
    serial = message.serial
    body: dict[str, Any] = {
        "cbe_name": speaker,
        "category": "high_priority" if message.line.urgent else "normal",
        "repetition_period": message.period,
        "num_of_bcast": message.repeats,
        "scope": {"scope_plmn": {}},
        "smscb_message": {
            "message_id": message.identifier,
            "serial_nr": {
                "serial_nr_decoded": {
                    "geo_scope": _SCOPES[serial >> 14],
                    "msg_code": serial >> 4 & 0x3FF,
                    "update_nr": serial & 0xF,
                }
            },
            "payload": {
                "payload_encoded": {
                    "dcs": message.pages.dcs,
                    "pages": [page.hex() for page in message.pages.octets],
                }
            },
        },
    }
    if message.geofence:
        body["warning_area_coordinates"] = message.geofence.hex()
    return body


def _told(answer: httpx.Response) -> str:
    return f"centre answers {answer.status_code}: {answer.text[:200].strip() or 'nothing'}"
