"""What set-up says: one line a step with its time, and failures as a reason with its remedy.

Standard library only: the bootstrap uses it before anything is installed.
"""

import contextlib
import errno
import shutil
import sys
import time
from collections.abc import Generator
from pathlib import Path


class SetupFailed(Exception):
    """Set-up cannot go on: `reason` in plain words, `remedy` what to do about it."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(f"{reason} {remedy}".strip())
        self.reason = reason
        self.remedy = remedy


def say(text: str) -> None:
    """Tell the person at the terminal; standard output is kept for results."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(title: str) -> Generator[None]:
    """Say what is being done, and how long it took once it is."""
    print(f"  {title} …", end="", file=sys.stderr, flush=True)
    began = time.monotonic()
    try:
        yield
    except BaseException as ending:
        print(" failed" if isinstance(ending, Exception) else " broken off", file=sys.stderr, flush=True)
        raise
    print(f" {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)


def explain(failure: SetupFailed) -> int:
    """Print a failure for a person, and return the exit code that goes with it."""
    print(f"\nLumbung cannot go on: {failure.reason}", file=sys.stderr)
    if failure.remedy:
        print(failure.remedy, file=sys.stderr)
    return 1


def disk_full(folder: Path) -> SetupFailed:
    """The failure of a full disk under `folder`, with what is left on it."""
    while not folder.exists():
        folder = folder.parent
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    return SetupFailed(
        f"the disk that holds {folder} is full ({free_mb} MB free).",
        "Lumbung needs about 2 GB, the browser tests 1 GB more. Make room and run the same command again.",
    )


@contextlib.contextmanager
def plain_failures(folder: Path) -> Generator[None]:
    """Turn a full disk, or a folder that may not be written, into a failure in plain words."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(folder) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise SetupFailed(
                f"{error.filename or folder} may not be written or read by this user ({error.strerror}).",
                "Run it as the user who owns that folder, or choose another folder with --data.",
            ) from error
        raise
