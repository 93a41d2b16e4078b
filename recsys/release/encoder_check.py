"""Check that this app can make query vectors for a release, without running anything of it."""

import re

from recsys.errors import ReleaseError

_TRUSTED = re.compile(r"[^@\s]+@[0-9a-f]{40}")


def trusted_encoders(text: str) -> frozenset[str]:
    """Return the encoders that the operator trusts, each as ``ID@COMMIT``.

    Args:
        text: the setting ``TRUSTED_ENCODERS``: such names with commas between them, or nothing.

    Raises:
        ReleaseError: a part is not an id with a whole commit.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if not _TRUSTED.fullmatch(name):
            raise ReleaseError(
                f"TRUSTED_ENCODERS has {name!r}; give ID@COMMIT with all 40 digits of the commit."
            )
    return frozenset(names)
