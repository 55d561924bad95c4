"""Logins by the hundred from many addresses, as a program of its own: ``python -m tests.view.login_flood PORT PER_S SECONDS [CERTIFICATE]``

Each comes at its time, whether those before were answered or not, over a connection of its own.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
import sys
import time
from collections import Counter

_NAMES = 7


def _token(port: int, context: ssl.SSLContext | None) -> str:
    where = ("127.0.0.1", port)
    asking = (
        http.client.HTTPConnection(*where, timeout=10)
        if context is None
        else http.client.HTTPSConnection(*where, timeout=10, context=context)
    )
    asking.request("GET", "/api/me")
    token: str = json.loads(asking.getresponse().read())["csrf"]
    asking.close()
    return token


async def flood(port: int, per_s: float, seconds: float, certificate: str | None = None) -> dict[str, object]:
    """What was answered, and how fast."""
    context = None if certificate is None else ssl.create_default_context(cafile=certificate)
    token = _token(port, context)
    statuses: Counter[int] = Counter()
    took_ms: dict[int, list[float]] = {}

    async def one(number: int) -> None:
        body = json.dumps({"name": f"name{number % _NAMES}", "password": f"guess number {number}"})
        from_s = time.monotonic()
        source = f"127.1.{number // 250 % 250}.{1 + number % 250}"
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, local_addr=(source, 0))
        writer.write(
            f"POST /api/login HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http{'' if context is None else 's'}://127.0.0.1:{port}\r\n"
            f"X-CSRF-Token: {token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
        )
        status = int((await reader.readline()).split()[1])
        await reader.read()
        writer.close()
        statuses[status] += 1
        took_ms.setdefault(status, []).append(1000 * (time.monotonic() - from_s))

    began_s = time.monotonic()
    tasks = []
    for number in range(round(per_s * seconds)):
        await asyncio.sleep(max(0.0, began_s + number / per_s - time.monotonic()))
        tasks.append(asyncio.ensure_future(one(number)))
    took_s = time.monotonic() - began_s
    await asyncio.gather(*tasks)
    median_ms = {status: round(sorted(all_)[len(all_) // 2], 1) for status, all_ in took_ms.items()}
    return {"per_s": round(len(tasks) / took_s, 1), "answers": statuses, "median_ms": median_ms}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(flood(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), *sys.argv[4:5]))))
