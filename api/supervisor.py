"""Keeps the processes of one instance alive, and ends them all when it ends, however it ends.

Children are started with a signal for their parent's death, the database with a watcher of its own, so that even a
`kill -9` of the supervisor leaves nothing behind. One that dies by itself is started again, unless it keeps dying.
"""

import contextlib
import ctypes
import http.client
import os
import signal
import subprocess
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from core.cluster import ROOT, Cluster
from core.ports import HOST
from core.steps import SetupFailed, say

PR_SET_PDEATHSIG = 1  # prctl(2)
RESTARTS = 5  # so many within RESTART_WINDOW_S are bad luck; more are a fault that a restart does not mend
RESTART_WINDOW_S = 60
READY_WITHIN_S = 60
END_WITHIN_S = 8
TICK_S = 0.2
LOG_BYTES = 10_000_000


class Stop(BaseException):
    """Somebody asked the supervisor to stop (Ctrl-C, SIGTERM, SIGHUP)."""


@dataclass
class Child:
    """A process to keep alive: its name, its command, and the open files it inherits."""

    name: str
    command: list[str]
    inherits: tuple[int, ...] = ()
    starts: deque[float] = field(default_factory=lambda: deque(maxlen=RESTARTS + 1))
    process: subprocess.Popen[bytes] | None = None


class Supervisor:
    """Starts children and a cluster within a `with` block; leaving the block ends them. Logs go to `logs`/NAME.log."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._children: list[Child] = []
        self._cluster: Cluster | None = None

    def __enter__(self) -> "Supervisor":
        self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # once is enough: the rest takes seconds, and is finished
        for child in self._children:
            if child.process:
                with contextlib.suppress(ProcessLookupError):
                    child.process.terminate()
        until = time.monotonic() + END_WITHIN_S
        for child in self._children:
            if child.process:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.process.wait(max(0.0, until - time.monotonic()))
                self._end_group(child.process)
        if self._cluster:
            self._cluster.stop()

    def keep(self, cluster: Cluster) -> None:
        """Make or start the private cluster, and keep it running."""
        self._cluster = cluster
        cluster.ensure()

    def start(self, child: Child) -> None:
        """Start a process and keep it alive from now on."""
        self._children.append(child)
        self._spawn(child)

    def wait_until_ready(self, port: int) -> None:
        """Wait for /readyz. SetupFailed with the log's last lines where a child ends, or it takes too long."""
        until = time.monotonic() + READY_WITHIN_S
        answer = "no answer"
        while time.monotonic() < until:
            for child in self._children:
                if child.process and child.process.poll() is not None:
                    raise SetupFailed(
                        f"{child.name} ended at once ({_how(child.process)}):\n{self._last_words(child)}",
                        f"Its log is {self._log(child)}.",
                    )
            answer = _ready(port)
            if answer == "200":
                return
            time.sleep(0.05)
        raise SetupFailed(
            f"the web server is not ready after {READY_WITHIN_S} s (/readyz: {answer}).", f"Its log is in {self.logs}."
        )

    def watch(self) -> None:
        """Restart what dies, until told to stop (`Stop`). SetupFailed for a process that keeps dying."""
        while True:
            if self._cluster and self._cluster.keep_running():
                say("PostgreSQL had ended unexpectedly; started again, nothing that was confirmed is lost.")
            for child in self._children:
                if child.process and child.process.poll() is not None:
                    self._restart(child)
            time.sleep(TICK_S)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        raise Stop

    def _spawn(self, child: Child) -> None:
        child.starts.append(time.monotonic())
        log = self._log(child)
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.rename(log.with_suffix(".log.1"))
        supervisor = os.getpid()

        def die_with_supervisor() -> None:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != supervisor:  # it died before the line above
                os._exit(1)

        with log.open("ab") as output:
            child.process = subprocess.Popen(
                child.command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=child.inherits,
                start_new_session=True,  # Ctrl-C is for the supervisor, which ends them in order
                preexec_fn=die_with_supervisor,
            )

    def _restart(self, child: Child) -> None:
        assert child.process
        say(f"{child.name} ended unexpectedly ({_how(child.process)}):\n{self._last_words(child)}")
        self._end_group(child.process)
        if len(child.starts) > RESTARTS and time.monotonic() - child.starts[0] < RESTART_WINDOW_S:
            raise SetupFailed(
                f"{child.name} ended {RESTARTS + 1} times within {RESTART_WINDOW_S} s.",
                f"Its log is {self._log(child)}.",
            )
        self._spawn(child)
        say(f"{child.name} started again.")

    @staticmethod
    def _end_group(process: subprocess.Popen[bytes]) -> None:
        """Whatever the child had started itself goes with it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _log(self, child: Child) -> Path:
        return self.logs / f"{child.name}.log"

    def _last_words(self, child: Child, lines: int = 12) -> str:
        with self._log(child).open("rb") as log:
            log.seek(max(0, self._log(child).stat().st_size - 8192))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])


def _how(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"


def _ready(port: int) -> str:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return str(connection.getresponse().status)
    except OSError as error:
        return str(error)
    finally:
        connection.close()
