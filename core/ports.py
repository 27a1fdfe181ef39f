"""A port of this machine: taken for oneself, or found taken, and by whom. Standard library only."""

import contextlib
import errno
import socket
from pathlib import Path

from core.steps import SetupFailed

HOST = "127.0.0.1"
LISTENING = "0A"  # TCP_LISTEN in /proc/net/tcp


def listen(port: int) -> socket.socket:
    """A socket listening on 127.0.0.1:`port`. SetupFailed naming who has it already.

    Held by the supervisor: while a web process restarts, callers wait in line instead of being refused.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            who = who_listens(port)
            raise SetupFailed(
                f"port {port} is taken{f' by {who}' if who else ''}.",
                f"Stop that, or choose another: --port {port + 1}",
            ) from None
        if error.errno == errno.EACCES:
            raise SetupFailed(f"port {port} is for root alone.", "Choose one above 1023: --port 8000") from None
        raise
    return listener


def who_listens(port: int) -> str | None:
    """The process that listens on `port`, as "name (process 123)"; None where this user may not see it."""
    sockets: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(FileNotFoundError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTENING and int(fields[1].rsplit(":", 1)[1], 16) == port:
                    sockets.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(str(fd.readlink()) in sockets for fd in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return None
