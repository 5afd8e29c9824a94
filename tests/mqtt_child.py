"""A service's MQTT channel in a process of its own, for tests that kill it.

Takes folder, port and how long states last, in seconds; says "up" and goes on for ever.
"""

import sys
import time
from pathlib import Path

from alerts import context, parcel
from forewarn.channels import mqtt
from forewarn.channels.broker import BrokerKeys


def main(folder: str, port: str, lasts_s: str) -> None:
    mqtt.STATE_LASTS_S = mqtt.HEARTBEAT_LASTS_S = int(lasts_s)
    done: list[object] = []
    keys = mqtt.MqttKeys(BrokerKeys(port=int(port)))
    channel = mqtt.MqttChannel(keys, context(Path(folder), done.extend))
    channel.offer([parcel()])
    while True:
        channel.beat(b"alive")
        time.sleep(0.2)
        if done:
            print("up", flush=True)
            done.clear()


if __name__ == "__main__":
    main(*sys.argv[1:])
