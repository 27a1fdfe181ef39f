"""Stops a private PostgreSQL when the last process that used it is gone, however that process ended.

`Cluster` starts one beside itself with a pipe as standard input. A process that leaves, crashes or is killed closes
its end; the watcher sees the end of the file, and the last one to leave puts out the light.
"""

import shutil
import signal
import sys
import time
from pathlib import Path

from core.locks import FileLock, alone
from core.postmaster import Postmaster

FAREWELL = "left"  # written by a process that has let go of its lock
KILLED_PROCESS_ENDS_WITHIN_S = 5


def stop_if_unused(data_dir: Path, *, remove: bool = False) -> bool:
    """Stop the server of `data_dir` unless some process still uses it; with `remove`, delete the folder too."""
    try:
        with alone(data_dir / "change.lock"):
            use = FileLock(data_dir / "use.lock")
            try:
                if not use.try_take():
                    return False
                Postmaster(data_dir).stop()
                if remove:
                    shutil.rmtree(data_dir, ignore_errors=True)
                return True
            finally:
                use.close()
    except FileNotFoundError:
        return False  # the folder is gone: so is its server's reason to be


def main(arguments: list[str]) -> None:
    """Wait for the end of standard input, then stop the server named by the first argument."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it leaves after those it watches, never before
    left_in_order = sys.stdin.read() == FAREWELL
    # The kernel may take a killed process's pipe a moment before its lock.
    until = time.monotonic() + (0 if left_in_order else KILLED_PROCESS_ENDS_WITHIN_S)
    while not stop_if_unused(Path(arguments[0]), remove="--remove" in arguments) and time.monotonic() < until:
        time.sleep(0.1)


if __name__ == "__main__":
    main(sys.argv[1:])
