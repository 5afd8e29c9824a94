"""Many phones on the public stream: `python -m forewarn.bench.readers ADDRESS COUNT ZONES`.

Each asks for one of ZONES zones, z0 z1 ..., and reads. Says "ready" once all are answered;
leaves when its input ends, and then says how many messages came.
"""

import asyncio
import sys
from urllib.parse import urlsplit

OPENING = 200  # connections made at the same time
LANGUAGE = "uk"


async def read(address: str, count: int, zones: int) -> int:
    """Read as `count` phones until the input ends; messages that came."""
    where = urlsplit(address)
    gate = asyncio.Semaphore(OPENING)
    answered = asyncio.Semaphore(0)
    messages = 0

    async def phone(number: int) -> None:
        nonlocal messages
        path = f"/api/public/v1/stream?zone=z{number % zones}&language={LANGUAGE}"
        async with gate:
            reader, writer = await asyncio.open_connection(where.hostname, where.port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode())
            await reader.readuntil(b"event: state")
            answered.release()
        while line := await reader.readline():
            messages += line.startswith(b"event: alerts")

    phones = [asyncio.create_task(phone(number)) for number in range(count)]
    for _ in phones:
        await answered.acquire()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for one in phones:
        one.cancel()
    await asyncio.gather(*phones, return_exceptions=True)
    return messages


if __name__ == "__main__":
    _, address, count, zones = sys.argv
    print(asyncio.run(read(address, int(count), int(zones))))
