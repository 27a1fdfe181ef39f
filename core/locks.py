"""File locks that end with the process that holds them, however it ends (flock). Standard library only."""

import contextlib
import fcntl
import os
from collections.abc import Generator
from pathlib import Path


class FileLock:
    """One open lock file. The file itself stays; only the lock on it means anything."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def share(self) -> None:
        """Hold it together with others; waits for an exclusive holder to leave."""
        fcntl.flock(self._fd, fcntl.LOCK_SH)

    def take(self) -> None:
        """Hold it alone; waits for everybody else to leave."""
        fcntl.flock(self._fd, fcntl.LOCK_EX)

    def try_take(self) -> bool:
        """Hold it alone, or return False at once where somebody else holds it."""
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def write(self, text: str) -> None:
        """Leave a note for whoever finds it locked."""
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, text.encode(), 0)

    def close(self) -> None:
        """Let go. Closing twice does no harm."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


@contextlib.contextmanager
def alone(path: Path) -> Generator[None]:
    """Hold the lock at `path` alone for a block."""
    lock = FileLock(path)
    try:
        lock.take()
        yield
    finally:
        lock.close()
