"""Verify a release in a process of its own, within limits of memory and time.

A release may come from anyone, and some of it is read by native code, which a damaged file can
crash or keep busy for ever. So it is opened, asked and rendered (`recsys.web.rehearsal`) in a
process that may die. There are two: a warm one imports the libraries once and then, for each
release, forks one that verifies it.
"""

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

import recsys
from recsys.errors import LONGEST_MESSAGE, OperatorError, ReleaseError, VerificationError, one_line
from recsys.web.rehearsal import rehearse

MEMORY, MEMORY_PER_BYTE = 1 << 30, 4
"""Bytes that a verification may add to what the libraries take: so many, and so many for each byte
of the release. The sample's release of 146 MB adds 430 MB, the encoders included."""

CPU_SECONDS, BYTES_PER_CPU_SECOND = 120, 10_000_000
"""Seconds of computing: so many, and one for so many bytes. The sample's release needs 3."""

PATIENCE = 5
"""Seconds by the clock for each second of computing: a busy machine does other things, too."""

LARGEST_FILE = 1 << 26
"""Bytes of a file that a verification may write: encoders write their checked configurations."""

NICENESS = 10
"""Queries that run meanwhile come first."""

CHILD_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONPATH": str(Path(recsys.__file__).parents[1]),
}
"""Of the process: no network, no GPU, one thread. It starts wherever the app was started."""

SECRETS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
"""Environment variables that the process has no use for."""


@dataclass(frozen=True)
class ProcessLimits:
    """What a verification may use. Systems without such limits have none.

    Attributes:
        memory: bytes beyond those that the process starts with.
        cpu_seconds: of computing, in all threads together.
        seconds: by the clock.
    """

    memory: int
    cpu_seconds: int
    seconds: int

    @classmethod
    def of(cls, folder: Path) -> "ProcessLimits":
        """Return the limits for the release in a folder."""
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        seconds = CPU_SECONDS + size // BYTES_PER_CPU_SECOND
        return cls(MEMORY + MEMORY_PER_BYTE * size, seconds, PATIENCE * seconds)

    def apply(self) -> None:
        """Apply them to this process from now on."""
        if sys.platform == "win32":
            return
        import resource

        signal.alarm(self.seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (self.cpu_seconds, self.cpu_seconds + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":
            # Not the address space: the libraries map many times what they use.
            with contextlib.suppress(OSError):
                # Where memory runs out all the same, the kernel ends this process, not the app.
                Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
            most = _data_bytes() + self.memory
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))


@dataclass(frozen=True)
class Verdict:
    """The result of a verification.

    Attributes:
        reason: why the release is refused; empty for a good one.
        certain: whether the release itself is the reason, so that it would be refused again.
    """

    reason: str = ""
    certain: bool = True


class Verifier:
    """Verifies releases, each in a process of its own. Use it in a ``with`` statement.

    It takes some seconds to start, and about 600 MB until it is closed.
    """

    def __enter__(self) -> Self:
        inherited = {name: text for name, text in os.environ.items() if name not in SECRETS}
        # A process that dies leaves its temporary files behind.
        self._scratch = tempfile.TemporaryDirectory(prefix="verification-")
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env={**inherited, **CHILD_ENVIRONMENT, "TMPDIR": self._scratch.name},
            )
        except OSError as error:
            raise VerificationError(f"Refused: no process can verify it ({error}).") from error
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._scratch.cleanup()

    def verify(self, folder: Path) -> None:
        """Verify the release in a folder.

        Raises:
            ReleaseError: it cannot be served.
            VerificationError: it could not be verified; that may be this machine's fault.
        """
        try:
            verdict = self._ask(str(folder.absolute()))
        except (OSError, ValueError, TypeError) as error:
            raise VerificationError(f"Refused: its verification broke off ({error!r}).") from error
        if verdict.reason:
            kind = ReleaseError if verdict.certain else VerificationError
            raise kind(f"Refused: {verdict.reason.removeprefix('Refused: ')}")

    def _ask(self, folder: str) -> Verdict:
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:
            raise OSError("it has no pipes")
        requests.write(f"{json.dumps(folder)}\n")
        requests.flush()
        return Verdict(**json.loads(answers.readline()))


def verify(folder: Path) -> None:
    """Verify one release, as `Verifier.verify`; nothing is kept running."""
    with Verifier() as verifier:
        verifier.verify(folder)


def judge(folder: Path, rehearse: Callable[[Path], None], limits: ProcessLimits) -> Verdict:
    """Return the verdict on a release by a process forked from this one.

    Args:
        folder: of the release.
        rehearse: raises `OperatorError` unless the release can be served.
        limits: of the process.
    """
    # Elsewhere forking is missing or not safe: there the libraries are imported each time.
    context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_rehearse_within, args=(folder, rehearse, limits, sender))
    child.start()
    sender.close()
    try:
        reason = receiver.recv_bytes(4 * LONGEST_MESSAGE).decode()
    except (EOFError, OSError, ValueError):
        reason = "its verification gave no answer"
    child.join()
    return _death(child.exitcode, limits) or Verdict(reason)


def _rehearse_within(
    folder: Path, rehearse: Callable[[Path], None], limits: ProcessLimits, sender: Connection
) -> None:
    limits.apply()
    try:
        rehearse(folder)
        reason = ""
    except OperatorError as error:
        reason = one_line(str(error)) or "it cannot be served"
    sender.send_bytes(reason.encode(errors="replace"))


def _death(exitcode: int, limits: ProcessLimits) -> Verdict | None:
    """Return the verdict if a verification did not end by itself."""
    if exitcode == 0:
        return None
    if exitcode > 0:
        return Verdict(f"its verification ended with exit code {exitcode}")
    name = signal.Signals(-exitcode).name
    if name == "SIGXCPU":
        return Verdict(f"its verification takes more than {limits.cpu_seconds} s of computing")
    if name == "SIGALRM":
        return Verdict(f"its verification took more than {limits.seconds} s", certain=False)
    # The kernel, where memory runs out, or somebody.
    return Verdict(f"its verification was ended by {name}", certain=name != "SIGKILL")


def _data_bytes() -> int:
    """Return the bytes of this process that count for the limit of its data, on Linux."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmData:")[2].split()[0]) << 10


def main() -> None:
    """Answer each line of the standard input, a folder in JSON, with a line: its `Verdict`."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    # What libraries print goes to the standard error.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _import_libraries()
    for line in sys.stdin:
        folder = Path(json.loads(line))
        verdict = judge(folder, rehearse, ProcessLimits.of(folder))
        answers.write(f"{json.dumps(asdict(verdict))}\n")
        answers.flush()


def _import_libraries() -> None:
    """Import once what each verification needs."""
    # Keeps transformers from importing TensorFlow where it is installed.
    os.environ.setdefault("USE_TF", "0")
    import open_clip  # noqa: F401
    import sentence_transformers  # noqa: F401


if __name__ == "__main__":
    main()
