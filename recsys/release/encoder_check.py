"""Check that this app can make query vectors for a release, without running anything of it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from recsys.errors import EncoderError, ReleaseError, one_line
from recsys.models import features, two_tower
from recsys.models.encoder_files import EncoderFiles, read_image_files, read_text_files
from recsys.models.encoder_version import files_key
from recsys.models.hub_encoder import HUB, is_commit, is_repo
from recsys.models.registry import FEATURES, IMAGE, SINGLE, TEXT, TWO_TOWER
from recsys.models.text import PACKAGED
from recsys.release.files import IMAGE_ENCODER, TEXT_MODEL, VECTORS, WHITENING
from recsys.release.manifest import EncoderRecord, Manifest, check
from recsys.release.typed_json import LONGEST_NAME

Files = TypeVar("Files", bound=EncoderFiles)

_FOLDERS = {TEXT.name: TEXT_MODEL, IMAGE.name: IMAGE_ENCODER}
_TRUSTED = re.compile(r"[^@\s]+@[0-9a-f]{40}")


def check_encoders(folder: Path, manifest: Manifest) -> None:
    """Refuse models that this app cannot make query vectors for.

    Args:
        folder: of the release; its files match the manifest.
        manifest: of the release.

    Raises:
        ReleaseError: a model is missing or another one, or the files of an encoder could be code,
            are not those that the manifest names, or make vectors of another length.
    """
    models, expected = set(manifest.models), {model.name for model in SINGLE}
    check(models == expected, f"its models are {one_line(sorted(models))}, not {sorted(expected)}")
    for name, encoder in (
        (FEATURES.name, features.FEATURES_ENCODER),
        (TWO_TOWER.name, two_tower.TWO_TOWER_ENCODER),
    ):
        made_by = manifest.models[name].encoder.id
        check(made_by == encoder, f"{name} was made by {one_line(made_by)!r}, not {encoder!r}")
    _check_text_encoder(folder, manifest)
    _check_image_encoder(folder, manifest)
    _check_nothing_else(manifest)


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


def check_trusted(encoder: EncoderRecord, trusted: frozenset[str]) -> None:
    """Raise `ReleaseError` unless the operator trusts an encoder of the Hub at its commit."""
    name = f"{encoder.id}@{encoder.version}"
    check(
        name in trusted,
        f"its encoder {encoder.id} is on the Hub; to let the app download it, set "
        f"TRUSTED_ENCODERS={name}",
    )


def _check_text_encoder(folder: Path, manifest: Manifest) -> None:
    """Refuse a text encoder that is not safe, or not the one that made the text vectors."""
    text = manifest.models[TEXT.name]
    if not (folder / TEXT_MODEL).exists():
        known = text.encoder.id == PACKAGED
        check(known or _on_hub(text.encoder, ""), _lacks("text", text.encoder))
        return
    _check_files(_read(folder, TEXT_MODEL, read_text_files), TEXT.name, manifest)


def _check_image_encoder(folder: Path, manifest: Manifest) -> None:
    """Refuse an image encoder that is not safe, or not the one that made the image vectors."""
    image = manifest.models[IMAGE.name]
    if not (folder / IMAGE_ENCODER).exists():
        check(_on_hub(image.encoder, HUB), _lacks("image", image.encoder))
        return
    files = _read(folder, IMAGE_ENCODER, read_image_files)
    _check_files(files, IMAGE.name, manifest)
    dim = files.config.model_cfg.embed_dim
    fits = dim == image.dim or not image.entries
    check(fits, f"{IMAGE_ENCODER} gives vectors of {dim}, not {image.dim}")


def _check_files(files: EncoderFiles, model: str, manifest: Manifest) -> None:
    """Refuse the folder of an encoder that has other files than those needed, or than recorded."""
    inside, made = _FOLDERS[model], manifest.models[model]
    digests = {
        path.removeprefix(f"{inside}/"): record.sha256
        for path, record in manifest.files.items()
        if path.startswith(f"{inside}/")
    }
    for name in sorted(digests.keys() - set(files.names)):
        check(False, f"{one_line(f'{inside}/{name}')} is not a file that the encoder needs")
    made_by = files_key(digests) == made.encoder.version
    check(made_by, f"{inside} did not make {VECTORS[model].path}")
    named = made.encoder.id.isprintable() and len(made.encoder.id) <= LONGEST_NAME
    check(named, f"the name of {inside} is not a short line")


def _check_nothing_else(manifest: Manifest) -> None:
    """Refuse files beside the encoders' own."""
    places = [file.path for file in WHITENING.values()]
    for path in sorted(manifest.files):
        if path.startswith("encoders/") and path not in places:
            known = path.startswith(tuple(f"{inside}/" for inside in _FOLDERS.values()))
            check(known, f"{one_line(path)} belongs to no encoder")


def _read(folder: Path, name: str, read: Callable[[Path], Files]) -> Files:
    """Return the checked files of an encoder; what is wrong with them is a `ReleaseError`."""
    try:
        return read(folder / name)
    except EncoderError as error:
        raise ReleaseError(f"Refused: {name}: {error}.") from error


def _on_hub(encoder: EncoderRecord, prefix: str) -> bool:
    """Whether an encoder is a repo of the Hub at a commit."""
    repo = encoder.id.removeprefix(prefix)
    return encoder.id == prefix + repo and is_repo(repo) and is_commit(encoder.version)


def _lacks(kind: str, encoder: EncoderRecord) -> str:
    return f"it lacks its {kind} encoder {one_line(encoder.id, LONGEST_NAME)!r}"
