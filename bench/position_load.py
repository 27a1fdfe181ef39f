"""Load upon `POST /api/v1/positions`, cheap enough to leave the machine to what is measured.

A process of its own, `python -m bench.position_load`: one JSON order on standard input, one JSON answer on standard
output. Each client keeps one connection open and sends its next request once the last is answered.
"""

import json
import selectors
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

BATCH = 1000
STEP_S = 3.6  # a batch is one hour of one device
RECORDED = b'{"status":"recorded"}'


@dataclass
class Client:
    """One connection, the requests it has to send, and how it fared."""

    connection: socket.socket
    requests: Iterator[bytes]
    answer: bytearray = field(default_factory=bytearray)
    began: float = 0.0
    took_s: list[float] = field(default_factory=list)
    acknowledged: int = 0


def single_requests(head: str, credentials: list[str], first: datetime) -> Iterator[bytes]:
    """One fix a request, of each device in turn, a second after its last."""
    heads = [head.format(credential).encode() for credential in credentials]
    epoch, second = first.timestamp(), 0
    while True:
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(epoch + second))
        drift = second % 900 / 1000
        body = (
            f'[{{"recorded_at":"{at}Z","lon":{105.4 + drift:.5f},"lat":{-5.5 + drift / 3:.5f},'
            '"speed_kmh":41.5,"heading_deg":140,"accuracy_m":6}]'
        ).encode()
        for each in heads:
            yield b"%s%d\r\n\r\n%s" % (each, len(body), body)
        second += 1


def batch_requests(head: str, credentials: list[str], first: datetime) -> Iterator[bytes]:
    """An hour's fixes a request, of each device in turn, hour after hour."""
    bodies = []
    for number in range(len(credentials)):
        fixes = []
        for step in range(BATCH):
            within = step * STEP_S
            fixes.append(
                f'{{"recorded_at":"YYYY-MM-DDTHH:{int(within // 60):02}:{within % 60:06.3f}Z",'
                f'"lon":{105.4 + step / 2000:.5f},"lat":{-5.5 + number / 500:.5f},'
                '"speed_kmh":41.5,"heading_deg":140,"accuracy_m":6}'
            )
        body = f"[{','.join(fixes)}]"
        bodies.append((head.format(credentials[number]) + f"{len(body)}\r\n\r\n{body}").encode())
    hour = first.replace(minute=0, second=0, microsecond=0)
    while True:
        at = hour.strftime("%Y-%m-%dT%H").encode()
        for body in bodies:
            yield body.replace(b"YYYY-MM-DDTHH", at)
        hour += timedelta(hours=1)


REQUESTS: dict[str, Callable[[str, list[str], datetime], Iterator[bytes]]] = {
    "single": single_requests,
    "batch": batch_requests,
}


def run(order: dict[str, Any]) -> dict[str, Any]:
    """Carry out an order: host, port, kind, clients, seconds, credentials, first (the first moment told).

    What was acknowledged as recorded, within how many seconds, and how long an answer took. Raises RuntimeError for
    any other answer.
    """
    head = (
        f"POST /api/v1/positions HTTP/1.1\r\nHost: {order['host']}:{order['port']}\r\nAuthorization: Bearer {{}}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    )
    first = datetime.fromisoformat(order["first"]).astimezone(UTC)
    selector = selectors.DefaultSelector()
    clients: list[Client] = []
    for number in range(order["clients"]):
        connection = socket.create_connection((order["host"], order["port"]))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        own = order["credentials"][number :: order["clients"]]
        client = Client(connection, REQUESTS[order["kind"]](head, own, first))
        selector.register(connection, selectors.EVENT_READ, client)
        clients.append(client)
    expected = BATCH if order["kind"] == "batch" else 1
    ready = [next(client.requests) for client in clients]
    began = time.perf_counter()
    end = began + order["seconds"]
    for client, request in zip(clients, ready, strict=True):
        _send(client, request)
    waiting = len(clients)
    while waiting:
        for key, _ in selector.select(30) or _nobody_answers():
            client = key.data
            received = client.connection.recv(262_144)
            if not received:
                raise RuntimeError("the server closed a connection")
            client.answer += received
            if not _complete(client.answer):
                continue
            now = time.perf_counter()
            if not client.answer.startswith(b"HTTP/1.1 200") or client.answer.count(RECORDED) != expected:
                raise RuntimeError(bytes(client.answer[:600]).decode())
            client.took_s.append(now - client.began)
            client.acknowledged += expected
            client.answer.clear()
            if now < end:
                _send(client, next(client.requests))
            else:
                waiting -= 1
    seconds = time.perf_counter() - began
    took = sorted(each for client in clients for each in client.took_s)
    return {
        "acknowledged": sum(client.acknowledged for client in clients),
        "seconds": seconds,
        "p50_ms": took[len(took) // 2] * 1000,
        "p99_ms": took[int(len(took) * 0.99)] * 1000,
    }


def _send(client: Client, request: bytes) -> None:
    client.began = time.perf_counter()
    client.connection.sendall(request)


def _complete(answer: bytearray) -> bool:
    head_end = answer.find(b"\r\n\r\n")
    if head_end < 0:
        return False
    at = answer.lower().find(b"content-length: ", 0, head_end)
    return len(answer) >= head_end + 4 + int(answer[at + 16 : answer.find(b"\r", at)])


def _nobody_answers() -> list[Any]:
    raise RuntimeError("no answer within 30 s")


if __name__ == "__main__":
    print(json.dumps(run(json.load(sys.stdin))))
