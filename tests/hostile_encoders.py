"""Releases whose encoders want to run code, to take memory, or to lie; all checksums fit.

``ATTACKS`` maps the name of each to a function that turns a copy of a good release into it. Code
that runs writes a marker file.
"""

import dataclasses
import io
import json
import os
import pickle
import shutil
import struct
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from building import files_of, reseal
from safetensors.torch import save

from recsys.models.encoder_version import encoder_key
from recsys.release.files import IMAGE_ENCODER, TEXT_MODEL
from recsys.release.manifest import EncoderRecord, read_manifest

Attack = Callable[[Path, Path], None]
Change = Callable[[Any], Any]

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ELSEWHERE = "attacker/evil"
TEXT_DIM = 384

ATTACKS: dict[str, Attack] = {}
"""The hostile releases, by name: call with the copy's folder and the marker's path."""


# What an attacker has at hand


def seal(
    folder: Path, image: EncoderRecord | None = None, text: EncoderRecord | None = None
) -> None:
    """Rewrite the manifest: checksums, and encoder versions that fit the files."""
    models = read_manifest(folder).models
    for name, inside, record in (("image", IMAGE_ENCODER, image), ("text", TEXT_MODEL, text)):
        if record is None and (folder / inside).is_dir():
            label = models[name].encoder.id
            record = EncoderRecord(label, encoder_key(str(folder / inside)))
        if record:
            models[name] = dataclasses.replace(models[name], encoder=record)
    reseal(folder, models=models)


def payload(marker: Path) -> str:
    """Python that writes the marker."""
    return f"import pathlib\npathlib.Path({str(marker)!r}).write_text('ran')\n"


class Pickled:
    """Writes the marker when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (payload(self.marker),)


def pickled_weights(marker: Path) -> bytes:
    """A checkpoint in torch's format that runs code where it is read without care."""
    file = io.BytesIO()
    torch.save({"state_dict": Pickled(marker)}, file, pickle_module=pickle)
    return file.getvalue()


TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz", "black"]

TOKENIZER: dict[str, Any] = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [
        {
            "id": number,
            "content": token,
            "special": True,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
        }
        for number, token in enumerate(TOKENS[:5])
    ],
    "normalizer": {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": True,
        "strip_accents": None,
        "lowercase": True,
    },
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
    "decoder": None,
    "model": {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": {token: number for number, token in enumerate(TOKENS)},
    },
}

BERT: dict[str, Any] = {
    "model_type": "bert",
    "architectures": ["BertModel"],
    "vocab_size": len(TOKENS),
    "hidden_size": TEXT_DIM,
    "num_hidden_layers": 1,
    "num_attention_heads": 12,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
}

TOWER: dict[str, Any] = {
    "config.json": BERT,
    "tokenizer.json": TOKENIZER,
    "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "pad_token": "[PAD]"},
}

SENTENCES: dict[str, Any] = {
    **TOWER,
    "modules.json": [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {
            "idx": 1,
            "name": "1",
            "path": "1_Pooling",
            "type": "sentence_transformers.models.Pooling",
        },
    ],
    "sentence_bert_config.json": {"max_seq_length": 32, "do_lower_case": False},
    "1_Pooling/config.json": {
        "word_embedding_dimension": TEXT_DIM,
        "pooling_mode_mean_tokens": True,
    },
}


@cache
def bert_weights() -> bytes:
    """The weights of that text model, drawn at random."""
    from transformers import BertConfig, BertModel

    torch.manual_seed(1)
    model = BertModel(BertConfig(**BERT))
    return save({name: each.contiguous() for name, each in model.state_dict().items()})


def put(path: Path, content: object) -> None:
    """Write a file anew (it may be a link to one of a good release); all but bytes as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    path.write_bytes(data)


def edit(path: Path, change: Change) -> None:
    """Rewrite a JSON file with what ``change`` returns for its content."""
    put(path, change(json.loads(path.read_text())))


def with_text_tower(folder: Path) -> Path:
    """Give the image encoder a Hugging Face text tower and return its folder."""
    eyes = folder / IMAGE_ENCODER
    for name, content in TOWER.items():
        put(eyes / name, content)

    def refer(config: dict[str, Any]) -> dict[str, Any]:
        text = {"context_length": 77, "hf_model_name": ".", "hf_tokenizer_name": "."}
        config["model_cfg"]["text_cfg"] = text | {"hf_pooler_type": "mean_pooler"}
        return config | {"without_words": False}

    edit(eyes / "open_clip_config.json", refer)
    return eyes


def with_text_model(folder: Path) -> Path:
    """Give a release a text model of its own and return its folder."""
    ears = folder / TEXT_MODEL
    for name, content in SENTENCES.items():
        put(ears / name, content)
    put(ears / "model.safetensors", bert_weights())
    return ears


def change_at(keys: tuple[str, ...], value: object) -> Change:
    """A change that sets the value at a place in nested objects."""

    def change(config: dict[str, Any]) -> dict[str, Any]:
        inner = config
        for key in keys[:-1]:
            inner = inner.setdefault(key, {})
        inner[keys[-1]] = value
        return config

    return change


# Attacks of a kind


def attack(name: str) -> Callable[[Attack], Attack]:
    """Enter a function into the table."""

    def enter(function: Attack) -> Attack:
        ATTACKS[name] = function
        return function

    return enter


def _edit_image(change: Change, file: str, folder: Path, marker: Path) -> None:
    edit(with_text_tower(folder) / file, change)
    seal(folder)


def _edit_plain_image(change: Change, folder: Path, marker: Path) -> None:
    edit(folder / IMAGE_ENCODER / "open_clip_config.json", change)
    seal(folder)


def _edit_text(change: Change, file: str, folder: Path, marker: Path) -> None:
    ears = with_text_model(folder)
    path = ears / file
    edit(path, change) if path.exists() else put(path, change({}))
    seal(folder)


def _raw(content: bytes, file: str, folder: Path, marker: Path) -> None:
    """Replace a file of an encoder by these bytes."""
    with_text_model(folder)
    put(folder / "encoders" / file, content)
    seal(folder)


def _too_large(file: str, folder: Path, marker: Path) -> None:
    """Make a file of an encoder larger than any; the disk keeps its zeros free of charge."""
    with_text_model(folder)
    put(folder / "encoders" / file, b"{}")
    os.truncate(folder / "encoders" / file, 80_000_000)
    seal(folder)


def _extra(file: str, folder: Path, marker: Path) -> None:
    """Add a file that no encoder needs: Python, or a pickle."""
    with_text_model(folder)
    content = payload(marker).encode() if file.endswith(".py") else pickled_weights(marker)
    put(folder / "encoders" / file, content)
    seal(folder)


def _named(record: EncoderRecord, model: str, folder: Path, marker: Path) -> None:
    """Name an encoder that the release does not have."""
    shutil.rmtree(folder / (IMAGE_ENCODER if model == "image" else TEXT_MODEL), ignore_errors=True)
    seal(folder, **{model: record})


OPEN_CLIP = "open_clip_config.json"
MODEL, VISION, TEXT = ("model_cfg",), ("model_cfg", "vision_cfg"), ("model_cfg", "text_cfg")
AUTO_MAP = {
    "AutoConfig": "evil.Config",
    "AutoModel": "evil.Model",
    "AutoTokenizer": ["evil.Tokenizer", "evil.Tokenizer"],
}

for name, keys, value in (
    ("hf_model_name of the hub", (*TEXT, "hf_model_name"), ELSEWHERE),
    ("hf_model_name with hf-hub", (*TEXT, "hf_model_name"), f"hf-hub:{ELSEWHERE}"),
    ("hf_model_name that is a path", (*TEXT, "hf_model_name"), "../../../evil"),
    ("hf_tokenizer_name of the hub", (*TEXT, "hf_tokenizer_name"), ELSEWHERE),
    ("hf_model_config", (*TEXT, "hf_model_config"), {"auto_map": AUTO_MAP}),
    (
        "tokenizer_kwargs: a class",
        (*TEXT, "tokenizer_kwargs"),
        {"tokenizer_class": "evil.Tokenizer"},
    ),
    ("tokenizer_kwargs: cache_dir", (*TEXT, "tokenizer_kwargs"), {"cache_dir": "/srv/evil"}),
    ("tokenizer_kwargs: a list", (*TEXT, "tokenizer_kwargs"), ["trust_remote_code"]),
    ("tokenizer_mode unknown", (*TEXT, "tokenizer_mode"), "evil"),
    ("context_length huge", (*TEXT, "context_length"), 10**9),
    ("a pooler unknown", (*TEXT, "hf_pooler_type"), "__class__"),
    ("timm of the hub", (*VISION, "timm_model_name"), f"hf-hub:{ELSEWHERE}"),
    ("timm hf_hub", (*VISION, "timm_model_name"), f"hf_hub:{ELSEWHERE}"),
    ("timm of a folder", (*VISION, "timm_model_name"), "local-dir:/srv/evil"),
    ("timm pretrained", (*VISION, "timm_model_pretrained"), True),
    ("image_size huge", (*VISION, "image_size"), 10**6),
    ("image_size of three", (*VISION, "image_size"), [336, 224, 3]),
    ("embed_dim huge", (*MODEL, "embed_dim"), 10**12),
    ("embed_dim a float", (*MODEL, "embed_dim"), 1280.5),
    ("embed_dim a text", (*MODEL, "embed_dim"), "1280"),
    ("a decoder", (*MODEL, "multimodal_cfg"), {"layers": 1}),
    ("a class to cast to", (*MODEL, "cast_dtype"), "torch.float16"),
    ("preprocess unknown", ("preprocess_cfg", "custom"), "evil.prepare"),
    ("preprocess by chance", ("preprocess_cfg", "interpolation"), "random"),
    ("std of zero", ("preprocess_cfg", "std"), [0, 0, 0]),
    ("a key beside", ("auto_map",), AUTO_MAP),
):
    ATTACKS[f"image: {name}"] = partial(_edit_image, change_at(keys, value), OPEN_CLIP)

for name, keys, value in (
    ("timm unknown", (*VISION, "timm_model_name"), "no_such_model"),
    ("timm larger than its weights", (*VISION, "timm_model_name"), "vit_giant_patch14_clip_224"),
    ("layers huge", (*TEXT, "layers"), 10**9),
    ("width huge", (*TEXT, "width"), 10**9),
    ("more words than weights", (*TEXT, "vocab_size"), 1_000_000),
    ("wider than its weights", (*TEXT, "width"), 8192),
    ("an activation unknown", (*TEXT, "act_kwargs"), {"inplace": True}),
    ("a normalisation unknown", (*TEXT, "norm_kwargs"), {"device": "cuda:99"}),
):
    ATTACKS[f"image: {name}"] = partial(_edit_plain_image, change_at(keys, value))

for name, file, keys, value in (
    ("auto_map of the model", "config.json", ("auto_map",), AUTO_MAP),
    ("a model type of one's own", "config.json", ("model_type",), "evil"),
    ("attention from the hub", "config.json", ("_attn_implementation",), ELSEWHERE),
    ("attention kernels", "config.json", ("attn_implementation",), "kernels-community/flash-attn"),
    ("experts from the hub", "config.json", ("_experts_implementation",), ELSEWHERE),
    ("a quantisation", "config.json", ("quantization_config",), {"quant_method": "gptq"}),
    ("pipelines", "config.json", ("custom_pipelines",), {"evil": {"impl": "evil.Pipeline"}}),
    ("an activation function", "config.json", ("hidden_act",), "evil.activation"),
    ("a name of a mapping", "config.json", ("_name_or_path_",), ELSEWHERE),
    ("a decoder's model", "config.json", ("is_decoder",), True),
    ("sizes beyond memory", "config.json", ("vocab_size",), 10**11),
    ("a negative size", "config.json", ("num_hidden_layers",), -1),
    ("auto_map of the tokenizer", "tokenizer_config.json", ("auto_map",), AUTO_MAP),
    ("a tokenizer of one's own", "tokenizer_config.json", ("tokenizer_class",), "EvilTokenizer"),
    ("a template", "tokenizer_config.json", ("chat_template",), "{{ ''.__class__ }}"),
    ("a processor", "tokenizer_config.json", ("processor_class",), "EvilProcessor"),
    ("trust in the tokenizer", "tokenizer_config.json", ("trust_remote_code",), True),
    ("a part unknown", "tokenizer.json", ("pre_tokenizer",), {"type": "Evil"}),
    (
        "an expression without end",
        "tokenizer.json",
        ("pre_tokenizer",),
        {
            "type": "Split",
            "pattern": {"Regex": "(a|aa)+$"},
            "behavior": "Isolated",
            "invert": False,
        },
    ),
):
    ATTACKS[f"image: {name}"] = partial(_edit_image, change_at(keys, value), file)
    ATTACKS[f"text: {name}"] = partial(_edit_text, change_at(keys, value), file)


def _module(number: int, kind: str, path: str = "") -> Change:
    def change(modules: list[dict[str, Any]]) -> list[dict[str, Any]]:
        modules[number] |= {"type": kind, "path": path}
        return modules

    return change


DENSE = "sentence_transformers.models.Dense"
for name, change in (
    ("a module of the system", _module(1, "os.system")),
    ("a module that trusts", _module(0, "sentence_transformers.base.modules.router.Router")),
    ("a dense module", _module(1, DENSE, "2_Dense")),
    ("a module that looks known", _module(1, "sentence_transformers.models.Pooling.evil")),
    ("modules up", _module(1, "sentence_transformers.models.Pooling", "../../../../evil")),
    ("modules absolute", _module(0, "sentence_transformers.models.Transformer", "/etc")),
    ("modules with arguments", lambda modules: [{**modules[0], "kwargs": ["task"]}, modules[1]]),
    ("no modules", lambda modules: []),
    ("modules backwards", lambda modules: modules[::-1]),
    ("modules in an object", lambda modules: {"0": modules}),
):
    ATTACKS[f"text: {name}"] = partial(_edit_text, change, "modules.json")

for name, file, keys, value in (
    (
        "arguments of the model",
        "sentence_bert_config.json",
        ("model_args",),
        {"trust_remote_code": True},
    ),
    (
        "arguments of the config",
        "sentence_bert_config.json",
        ("config_args",),
        {"trust_remote_code": True},
    ),
    (
        "a method of the model",
        "sentence_bert_config.json",
        ("modality_config",),
        {"text": {"method": "save_pretrained", "method_output_name": "last_hidden_state"}},
    ),
    ("a length beyond memory", "sentence_bert_config.json", ("max_seq_length",), 10**15),
    ("a prompt", "config_sentence_transformers.json", ("default_prompt_name",), "evil"),
    ("a pooling unknown", "1_Pooling/config.json", ("pooling_mode",), "__class__"),
    ("an adapter", "adapter_config.json", ("base_model_name_or_path",), ELSEWHERE),
    ("a router", "router_config.json", ("types",), {"query": "evil.Module"}),
    ("a processor's file", "processor_config.json", ("auto_map",), AUTO_MAP),
    ("weights in parts", "model.safetensors.index.json", ("weight_map",), {"a": "../../x"}),
):
    ATTACKS[f"text: {name}"] = partial(_edit_text, change_at(keys, value), file)

CONFIGS = (f"image/{OPEN_CLIP}", "text/model/config.json", "text/model/tokenizer.json")
for file in CONFIGS:
    for name, content in (
        ("empty", b""),
        ("a list", b"[]"),
        ("null", b"null"),
        ("not UTF-8", b'{"a": "\xff"}'),
        ("UTF-16", '{"a": 1}'.encode("utf-16")),
        ("NaN", b'{"model_cfg": NaN}'),
        ("infinite", b'{"model_cfg": -Infinity}'),
        ("of 400 digits", b'{"model_cfg": ' + b"9" * 400 + b"}"),
        ("of 5,000 digits", b'{"model_cfg": ' + b"9" * 5000 + b"}"),
        ("deep", b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
        ("deep lists", b"[" * 100_000),
        ("with a key twice", b'{"model_type": "bert", "model_type": "evil"}'),
        ("half a character", b'{"\\ud800": "\\udfff"}'),
        ("with lines", b'{"a\\nb\\u001b[31m": 1}'),
    ):
        ATTACKS[f"{file}: {name}"] = partial(_raw, content, file)
    ATTACKS[f"{file}: too large"] = partial(_too_large, file)

for file in (
    *("image/evil.py", "image/open_clip_pytorch_model.bin", "image/pytorch_model.bin"),
    *("image/model.pkl", "image/__init__.py", "image/onnx/model.onnx", "image/weights.npz"),
    *("text/model/pytorch_model.bin", "text/model/modeling_evil.py", "text/model/tf_model.h5"),
    *("text/model/1_Pooling/evil.py", "text/model/custom_generate/generate.py"),
    *("text/model/chat_template.jinja", "text/evil.py", "evil.py", "other/model.pt"),
):
    ATTACKS[f"a file beside: {file}"] = partial(_extra, file)


def _header(tensors: dict[str, Any], data: bytes = b"") -> bytes:
    text = json.dumps(tensors).encode()
    return struct.pack("<Q", len(text)) + text + data


def _tensor(shape: list[Any], end: int, dtype: str = "F32", start: int = 0) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


for file in ("image/open_clip_model.safetensors", "text/model/model.safetensors"):
    for name, content in (
        ("empty", b""),
        ("short", b"\x01\x00"),
        ("a header beyond the file", struct.pack("<Q", 2**62) + b"{}"),
        ("no tensors", _header({})),
        ("a shape beyond memory", _header({"a": _tensor([2**40, 2**40], 4)}, b"abcd")),
        ("a negative shape", _header({"a": _tensor([-1], 4)}, b"abcd")),
        ("a shape of texts", _header({"a": _tensor(["1"], 4)}, b"abcd")),
        ("tensors on each other", _header({"a": _tensor([1], 4), "b": _tensor([1], 4)}, b"abcd")),
        ("a gap", _header({"a": _tensor([1], 8, start=4)}, b"abcdefgh")),
        ("a type of eight bits", _header({"a": _tensor([4], 4, "F8_E4M3")}, b"abcd")),
        ("a list for a header", struct.pack("<Q", 2) + b"[]"),
    ):
        ATTACKS[f"{file}: {name}"] = partial(_raw, content, file)

for name, model, record in (
    ("a repo of the hub", "image", EncoderRecord(f"hf-hub:{ELSEWHERE}", COMMIT)),
    ("a branch of the hub", "image", EncoderRecord(f"hf-hub:{ELSEWHERE}", "main")),
    ("a name and tag", "image", EncoderRecord("ViT-B-32/openai", COMMIT)),
    ("a folder of the machine", "image", EncoderRecord("local-dir:/srv/evil", COMMIT)),
    ("a path up", "image", EncoderRecord("hf-hub:../evil", COMMIT)),
    ("nothing", "image", EncoderRecord("", "")),
    ("a repo of the hub", "text", EncoderRecord(ELSEWHERE, COMMIT)),
    ("a branch of the hub", "text", EncoderRecord(ELSEWHERE, "main")),
    ("a folder of the machine", "text", EncoderRecord("/srv/evil", COMMIT)),
    ("a path up", "text", EncoderRecord("../evil", COMMIT)),
    ("lines", "text", EncoderRecord("evil\n\x1b[31mrun", COMMIT)),
):
    ATTACKS[f"{model} encoder named: {name}"] = partial(_named, record, model)


# Attacks of their own


@attack("image: tokenizer_kwargs that trust, and a tokenizer of one's own")
def tokenizer_code(folder: Path, marker: Path) -> None:
    """The first of the issue: ran on the first unknown words."""
    eyes = with_text_tower(folder)
    put(eyes / "evil.py", payload(marker).encode() + b"class Tokenizer: pass\n")
    edit(eyes / "tokenizer_config.json", change_at(("auto_map",), AUTO_MAP))
    trust = change_at((*TEXT, "tokenizer_kwargs"), {"trust_remote_code": True})
    edit(eyes / OPEN_CLIP, trust)
    seal(folder)


@attack("image: tokenizer_kwargs that trust, nothing else")
def tokenizer_trust(folder: Path, marker: Path) -> None:
    """The same door, opened without a file in the release: the code is in a repo of the Hub."""
    eyes = with_text_tower(folder)
    elsewhere = {"AutoTokenizer": [f"{ELSEWHERE}--evil.Tokenizer"] * 2}
    edit(eyes / "tokenizer_config.json", change_at(("auto_map",), elsewhere))
    trust = change_at((*TEXT, "tokenizer_kwargs"), {"trust_remote_code": True})
    edit(eyes / OPEN_CLIP, trust)
    seal(folder)


@attack("text: a module of one's own")
def module_code(folder: Path, marker: Path) -> None:
    """The second of the issue: ran at the start."""
    ears = with_text_model(folder)
    put(ears / "modeling_evil.py", payload(marker).encode() + b"class Evil: pass\n")
    edit(ears / "modules.json", _module(1, "modeling_evil.Evil", "1_Pooling"))
    seal(folder)


@attack("image: pickled weights instead")
def pickled_image(folder: Path, marker: Path) -> None:
    eyes = folder / IMAGE_ENCODER
    (eyes / "open_clip_model.safetensors").unlink()
    put(eyes / "open_clip_pytorch_model.bin", pickled_weights(marker))
    seal(folder)


@attack("image: pickled weights under a safe name")
def disguised_image(folder: Path, marker: Path) -> None:
    put(folder / IMAGE_ENCODER / "open_clip_model.safetensors", pickled_weights(marker))
    seal(folder)


@attack("text: pickled weights instead")
def pickled_text(folder: Path, marker: Path) -> None:
    ears = with_text_model(folder)
    (ears / "model.safetensors").unlink()
    put(ears / "pytorch_model.bin", pickled_weights(marker))
    seal(folder)


@attack("text: pickled weights under a safe name")
def disguised_text(folder: Path, marker: Path) -> None:
    put(with_text_model(folder) / "model.safetensors", pickled_weights(marker))
    seal(folder)


@attack("text: another model than the one that made the vectors")
def other_text(folder: Path, marker: Path) -> None:
    with_text_model(folder)
    seal(folder)


@attack("text: weights that are no numbers")
def text_of_nan(folder: Path, marker: Path) -> None:
    from safetensors.torch import load

    weights = {name: each * float("nan") for name, each in load(bert_weights()).items()}
    put(with_text_model(folder) / "model.safetensors", save(weights))
    seal(folder)


@attack("text: more numbers than weights")
def larger_text(folder: Path, marker: Path) -> None:
    ears = with_text_model(folder)
    edit(ears / "config.json", change_at(("vocab_size",), 900_000))
    edit(ears / "config.json", change_at(("hidden_size",), 24_576))
    seal(folder)


@attack("image: weights that are no numbers")
def image_of_nan(folder: Path, marker: Path) -> None:
    from safetensors.torch import load_file

    path = folder / IMAGE_ENCODER / "open_clip_model.safetensors"
    weights = {name: each * float("nan") for name, each in load_file(path).items()}
    put(path, save({name: each.contiguous() for name, each in weights.items()}))
    seal(folder)


@attack("image: a link to another folder")
def linked_file(folder: Path, marker: Path) -> None:
    config = folder / IMAGE_ENCODER / OPEN_CLIP
    elsewhere = marker.with_name("elsewhere.json")
    elsewhere.write_bytes(config.read_bytes())
    config.unlink()
    config.symlink_to(elsewhere)
    seal(folder)


@attack("text: a folder that is a link")
def linked_folder(folder: Path, marker: Path) -> None:
    ears = with_text_model(folder)
    elsewhere = marker.with_name("ears")
    shutil.move(ears, elsewhere)
    ears.symlink_to(elsewhere, target_is_directory=True)
    seal(folder)


@attack("image: a pipe for a configuration")
def pipe(folder: Path, marker: Path) -> None:
    """A read of it would wait for ever; it is no file, so no manifest can list it."""
    seal(folder)
    config = folder / IMAGE_ENCODER / OPEN_CLIP
    config.unlink()
    os.mkfifo(config)


@attack("image: an encoder version of other files")
def other_version(folder: Path, marker: Path) -> None:
    files = files_of(folder / IMAGE_ENCODER)
    put(folder / IMAGE_ENCODER / OPEN_CLIP, files[OPEN_CLIP] + b"\n")
    reseal(folder)
