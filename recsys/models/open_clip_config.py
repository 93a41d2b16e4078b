"""The configuration of an OpenCLIP directory in our own typed form.

OpenCLIP passes some of its keys on to timm, transformers and tokenizers, which load whatever they
name. So every key has a type and a range here, and what names something else is refused.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from recsys.errors import EncoderError
from recsys.models.strict_json import Strict, parse_json

CONFIG_FILE = "open_clip_config.json"

CAPTION_TOWER = "sentence-transformers/all-MiniLM-L6-v2"
"""The text tower's repo on the Hub that *compact* names for other programs; never asked for."""

HERE = "."
"""Names the directory itself as the place of the text tower or the tokenizer."""

Width = Annotated[int, Field(ge=1, le=8192)]
Layers = Annotated[int, Field(ge=1, le=128)]
Heads = Annotated[int, Field(ge=1, le=256)]
Pixels = Annotated[int, Field(ge=1, le=1024)]
"""Of a side of a photo; the largest of OpenCLIP's models read 512."""
Ratio = Annotated[float, Field(gt=0, le=16)]
Share = Annotated[float, Field(ge=0, le=1)]
Colour = tuple[float, float, float]


class Activation(Strict):
    """How GELU is computed."""

    approximate: Literal["none", "tanh"] = "none"


class Normalisation(Strict):
    """The number added to a variance."""

    eps: Annotated[float, Field(gt=0, le=0.1)] = 1e-5


class TokenizerSettings(Strict):
    """How words are cleaned before they are cut into tokens, and whether the last one is kept."""

    clean: Literal["whitespace", "lower", "canonicalize"] | None = None
    strip_sep_token: bool | None = None


class _Tower(Strict):
    """What image and text towers of OpenCLIP's own have in common."""

    width: Width | None = None
    mlp_ratio: Ratio | None = None
    ls_init_value: Share | None = None
    final_ln_after_pool: bool | None = None
    output_tokens: Literal[False] | None = None
    act_kwargs: Activation | None = None
    norm_kwargs: Normalisation | None = None
    block_type: Literal["default", "custom"] | None = None
    qk_norm: bool | None = None
    scaled_cosine_attn: bool | None = None
    scale_heads: bool | None = None
    scale_attn_inner: bool | None = None
    scale_attn: bool | None = None
    scale_fc: bool | None = None


class VisionConfig(_Tower):
    """The image tower: a vision transformer, a ResNet, or one of timm's models by its name."""

    layers: Layers | tuple[Layers, Layers, Layers, Layers] | None = None
    head_width: Annotated[int, Field(ge=1, le=1024)] | None = None
    patch_size: Annotated[int, Field(ge=4, le=256)] | None = None
    image_size: Pixels | tuple[Pixels, Pixels] | None = None
    patch_dropout: Share | None = None
    attentional_pool: bool | Literal["parallel", "cascade"] | None = None
    attn_pooler_queries: Annotated[int, Field(ge=1, le=1024)] | None = None
    attn_pooler_heads: Heads | None = None
    no_ln_pre: bool | None = None
    pos_embed_type: Literal["learnable", "sin_cos_2d"] | None = None
    pool_type: Literal["tok", "avg", "none"] | None = None
    # Without ":", which would name a folder or a repo of the Hub.
    timm_model_name: Annotated[str, Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)?$")] | None = None
    timm_model_pretrained: Literal[False] | None = None
    timm_pool: Literal["", "avg", "max", "avgmax", "catavgmax", "token", "map"] | None = None
    timm_proj: Literal["", "linear", "mlp", "none"] | None = None
    timm_proj_bias: bool | None = None
    timm_drop: Share | None = None
    timm_drop_path: Share | None = None


class TextConfig(_Tower):
    """The text tower: a transformer, or a model of Hugging Face's in the directory itself."""

    context_length: Annotated[int, Field(ge=1, le=1024)] = 77
    vocab_size: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    heads: Heads | None = None
    layers: Layers | None = None
    embed_cls: bool | None = None
    pad_id: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    eos_id: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    no_causal_mask: bool | None = None
    pool_type: Literal["first", "last", "argmax", "eos", "none"] | None = None
    proj_bias: bool | None = None
    proj_type: Literal["linear", "none"] | None = None
    hf_model_name: str | None = None
    hf_model_pretrained: bool | None = None
    hf_proj_type: Literal["linear", "mlp"] | None = None
    hf_pooler_type: (
        Literal["mean_pooler", "max_pooler", "cls_pooler", "cls_last_hidden_state_pooler"] | None
    ) = None
    hf_tokenizer_name: str | None = None
    tokenizer_mode: Literal["clips"] | None = None
    tokenizer_kwargs: TokenizerSettings | None = None


class ModelConfig(Strict):
    """Both towers and the space that they share."""

    embed_dim: Width
    vision_cfg: VisionConfig
    text_cfg: TextConfig
    quick_gelu: bool | None = None
    custom_text: bool | None = None
    init_logit_scale: float | None = None
    init_logit_bias: float | None = None


class PreprocessConfig(Strict):
    """How a photo is brought to the image tower's size and range."""

    size: Pixels | tuple[Pixels, Pixels] | None = None
    mode: Literal["RGB"] = "RGB"
    mean: Colour | None = None
    std: tuple[Ratio, Ratio, Ratio] | None = None
    interpolation: Literal["bilinear", "bicubic"] | None = None
    resize_mode: Literal["shortest", "longest", "squash"] | None = None
    fill_color: Annotated[int, Field(ge=0, le=255)] | None = None


class OpenClipConfig(Strict):
    """An OpenCLIP directory's configuration.

    Attributes:
        without_words: whether the text tower was never trained; a key of this project's own.
    """

    model_cfg: ModelConfig
    preprocess_cfg: PreprocessConfig = PreprocessConfig()
    without_words: bool = False


def read_open_clip_config(folder: Path, own_names: Collection[str] = ()) -> OpenClipConfig:
    """Return the typed form of a directory's configuration.

    Args:
        folder: the directory.
        own_names: of the repo that the directory was downloaded from.

    Raises:
        EncoderError: it is missing or has something that is not allowed.
    """
    config = parse_json(folder, CONFIG_FILE, OpenClipConfig)
    text = config.model_cfg.text_cfg
    for key, name in (("model", text.hf_model_name), ("tokenizer", text.hf_tokenizer_name)):
        if name and name not in {HERE, CAPTION_TOWER, *own_names}:
            raise EncoderError(
                f"{CONFIG_FILE} is refused: hf_{key}_name points elsewhere; put the files of the "
                f"text tower into the folder and write {HERE!r}"
            )
    if text.hf_model_name and not text.hf_tokenizer_name:
        raise EncoderError(f"{CONFIG_FILE} has hf_model_name without hf_tokenizer_name")
    return config
