"""Open releases that were verified, now or before."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from recsys.errors import OperatorError, ReleaseError, VerificationError
from recsys.release.manifest import Manifest, read_manifest
from recsys.release.reader import open_release, verify_files
from recsys.serving.encoders import Encoders
from recsys.serving.recommender import Recommender
from recsys.serving.verdicts import Verdicts

Verify = Callable[[Path], None]
"""Raises `ReleaseError` unless the release in a folder can be served."""


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turn errors that nobody foresaw, and those for visitors, into a `ReleaseError`.

    Raises:
        ReleaseError: ``what`` failed.
    """
    try:
        yield
    except OperatorError:
        raise
    except Exception as error:
        raise ReleaseError(f"Refused: {what} fails with {error!r}.") from error


class ReleaseOpener:
    """Opens releases. Each is verified once: the verdict is remembered.

    Args:
        verify: verifies a release.
        verdicts: on releases seen before.
        trusted: encoders of the Hub that may be downloaded, as ``ID@COMMIT``.
    """

    def __init__(
        self, verify: Verify, verdicts: Verdicts, trusted: frozenset[str] = frozenset()
    ) -> None:
        self._verify, self.verdicts, self._trusted = verify, verdicts, trusted

    def verify(self, folder: Path) -> None:
        """Verify a release unless that was done before.

        Raises:
            ReleaseError: it is refused, now or before, or its files do not match its manifest.
        """
        with refusing("reading it"):
            manifest = read_manifest(folder)
            # First, because the verdict is on the contents that the checksum stands for.
            verify_files(folder, manifest)
        with self.verdicts.remembering(manifest.checksum):
            if not self.verdicts.accepted(manifest.checksum):
                self._verified(folder, manifest)
                self.verdicts.accept(manifest.checksum)

    def open(self, folder: Path, current: Recommender | None = None) -> Recommender:
        """Return a recommender over a release, which `verify` has accepted.

        Args:
            folder: of the release.
            current: answers now: encoders that both releases share are not loaded again. A new
                image encoder is loaded, and checked, before it answers.

        Raises:
            ReleaseError: it is not a release that can be served.
            EncoderError: its image encoder cannot be loaded.
        """
        with refusing("opening it"):
            release = open_release(folder)
            if current is None:
                encoders = Encoders.of(release, self._trusted)
                encoders.check_trusted()
                return Recommender(release, encoders)
            encoders = current.encoders.for_release(release)
            encoders.check_trusted()
            if not encoders.photos.serves(current.release):
                encoders.load()
            return Recommender(release, encoders)

    def _verified(self, folder: Path, manifest: Manifest) -> None:
        try:
            self._verify(folder)
        except ReleaseError as error:
            reason = str(error).removeprefix("Refused: ")
            raise type(error)(f"Refused: release {manifest.version}: {reason}") from error
        except Exception as error:
            message = f"Refused: release {manifest.version} could not be verified: {error!r}."
            raise VerificationError(message) from error
