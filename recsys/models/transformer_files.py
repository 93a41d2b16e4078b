"""The files of a text tower in the format of Hugging Face transformers, in our own typed form.

Only what is listed here reaches the library. So no file can name code, another repo, an adapter, an
attention kernel or a template, in whatever key a version of the library looks for it.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from recsys.errors import EncoderError
from recsys.models.strict_json import Strict, parse_json, read_json

CONFIG_FILE = "config.json"
TOKENIZER_FILE, TOKENIZER_CONFIG_FILE = "tokenizer.json", "tokenizer_config.json"
TEXT_TOWER_FILES = (CONFIG_FILE, TOKENIZER_FILE, TOKENIZER_CONFIG_FILE)

LARGEST_TOKENIZER = 64 << 20
"""Bytes of the largest tokenizer: that of Gemma, with 256,000 tokens, has 34e6."""

UNUSED_CONFIG = frozenset(
    {
        *("_name_or_path", "architectures", "transformers_version", "torch_dtype", "dtype"),
        *("gradient_checkpointing", "use_cache", "output_past", "initializer_range"),
        *("attention_probs_dropout_prob", "hidden_dropout_prob", "classifier_dropout", "dropout"),
        *("attention_dropout", "qa_dropout", "seq_classif_dropout", "id2label", "label2id"),
        *("bos_token_id", "eos_token_id", "tie_word_embeddings"),
    }
)
"""Keys of a model's configuration about training or other tasks: left out."""

UNUSED_TOKENIZER_CONFIG = frozenset(
    {
        *("name_or_path", "special_tokens_map_file", "tokenizer_file", "vocab_file", "backend"),
        *("never_split", "do_basic_tokenize", "added_tokens_decoder", "model_input_names"),
        *("max_length", "stride", "truncation_strategy", "pad_to_multiple_of", "pad_token_type_id"),
        *("is_local", "local_files_only", "additional_special_tokens", "extra_special_tokens"),
        *("sp_model_kwargs", "legacy", "trim_offsets", "errors", "extra_ids"),
    }
)
"""Keys of a tokenizer's configuration that repeat the tokenizer or are set in each call."""

Size = Annotated[int, Field(ge=1, le=32_768)]
"""A width, or how many positions: twice the largest of the models below."""

Token = Annotated[str, Field(max_length=64), BeforeValidator(lambda value: _token_content(value))]


MostTokens = Annotated[
    int, Field(ge=1), BeforeValidator(lambda value: int(value) if value == 1e30 else value)
]
"""Tokens that a tokenizer reads at most; transformers writes 1e30 where there is no limit."""

TokenizerClass = Literal[
    "BertTokenizer",
    "BertTokenizerFast",
    "CamembertTokenizer",
    "CamembertTokenizerFast",
    "CLIPTokenizer",
    "CLIPTokenizerFast",
    "DistilBertTokenizer",
    "DistilBertTokenizerFast",
    "GemmaTokenizer",
    "GemmaTokenizerFast",
    "MPNetTokenizer",
    "MPNetTokenizerFast",
    "PreTrainedTokenizerFast",
    "RobertaTokenizer",
    "RobertaTokenizerFast",
    "T5Tokenizer",
    "T5TokenizerFast",
    "TokenizersBackend",
    "XLMRobertaTokenizer",
    "XLMRobertaTokenizerFast",
]
"""Classes of the tokenizers library's wrappers in transformers; none reads another file."""


class TransformerConfig(Strict):
    """What is passed on of a ``config.json``: the architecture, a known one, and its sizes."""

    model_type: Literal["bert", "camembert", "distilbert", "mpnet", "roberta", "xlm-roberta"]
    vocab_size: Annotated[int, Field(ge=1, le=1_000_000)] = 30_522
    max_position_embeddings: Size = 512
    pad_token_id: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    # BERT, RoBERTa, MPNet
    hidden_size: Size | None = None
    num_hidden_layers: Annotated[int, Field(ge=1, le=64)] | None = None
    num_attention_heads: Annotated[int, Field(ge=1, le=128)] | None = None
    intermediate_size: Size | None = None
    hidden_act: Literal["gelu", "gelu_new", "relu", "silu", "tanh"] | None = None
    layer_norm_eps: Annotated[float, Field(gt=0, le=0.1)] | None = None
    type_vocab_size: Annotated[int, Field(ge=1, le=16)] | None = None
    position_embedding_type: Literal["absolute"] | None = None
    relative_attention_num_buckets: Annotated[int, Field(ge=1, le=1024)] | None = None
    # DistilBERT
    dim: Size | None = None
    hidden_dim: Size | None = None
    n_layers: Annotated[int, Field(ge=1, le=64)] | None = None
    n_heads: Annotated[int, Field(ge=1, le=128)] | None = None
    activation: Literal["gelu", "relu"] | None = None
    sinusoidal_pos_embds: bool | None = None
    # Allowed where they say what is so anyway.
    is_decoder: Literal[False] | None = None
    add_cross_attention: Literal[False] | None = None


class TokenizerConfig(Strict):
    """What is passed on of a ``tokenizer_config.json``: a known class, and how it reads text."""

    tokenizer_class: TokenizerClass
    model_max_length: MostTokens | None = None
    do_lower_case: bool | None = None
    strip_accents: bool | None = None
    tokenize_chinese_chars: bool | None = None
    add_prefix_space: bool | None = None
    clean_up_tokenization_spaces: bool | None = None
    padding_side: Literal["left", "right"] = "right"
    truncation_side: Literal["left", "right"] = "right"
    unk_token: Token | None = None
    sep_token: Token | None = None
    pad_token: Token | None = None
    cls_token: Token | None = None
    mask_token: Token | None = None
    bos_token: Token | None = None
    eos_token: Token | None = None


def read_transformer_config(folder: Path, name: str = CONFIG_FILE) -> TransformerConfig:
    """Return the typed form of a model's configuration.

    Raises:
        EncoderError: it is missing or has something that is not allowed.
    """
    return parse_json(folder, name, TransformerConfig, UNUSED_CONFIG)


def read_tokenizer_config(folder: Path, inside: str = "") -> TokenizerConfig:
    """Return the typed form of a tokenizer's configuration; its tokenizer is checked, too.

    Raises:
        EncoderError: a file is missing or has something that is not allowed.
    """
    _check_tokenizer(folder, inside + TOKENIZER_FILE)
    return parse_json(
        folder, inside + TOKENIZER_CONFIG_FILE, TokenizerConfig, UNUSED_TOKENIZER_CONFIG
    )


COMPONENTS = frozenset(
    {
        *("BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Nmt", "Precompiled"),
        *("Prepend", "Replace", "Sequence", "Strip", "StripAccents"),
        *("BertPreTokenizer", "ByteLevel", "Digits", "Metaspace", "Punctuation", "Split"),
        *("Whitespace", "WhitespaceSplit", "BertProcessing", "RobertaProcessing"),
        *("TemplateProcessing", "BPE", "Unigram", "WordPiece", "ByteFallback", "Fuse"),
        *("BPEDecoder", "CTC"),
    }
)
"""The tokenizer's parts, by the name that the tokenizers library gives them."""

REGEXES = frozenset(
    {
        r"\s+",
        " {2,}",
        r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
        r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
        r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    }
)
"""Regular expressions of tokenizers in use (T5, CLIP, GPT-2): another one might take for ever."""


def _check_tokenizer(folder: Path, name: str) -> None:
    """Raise `EncoderError` unless a ``tokenizer.json`` has known parts only."""
    tokenizer = read_json(folder, name, LARGEST_TOKENIZER)
    if not isinstance(tokenizer, dict) or not isinstance(tokenizer.get("model"), dict):
        raise EncoderError(f"{name} is not a tokenizer")
    parts = [tokenizer.get(part) for part in ("normalizer", "pre_tokenizer", "post_processor")]
    _check_parts(name, [*parts, tokenizer.get("decoder")])
    if tokenizer["model"].get("type") not in COMPONENTS:
        raise EncoderError(f"{name} is refused: its model is not of a known type")


def _check_parts(name: str, part: Any) -> None:
    """Raise `EncoderError` where a part of a tokenizer, or of a part, is not known."""
    if isinstance(part, list):
        for each in part:
            _check_parts(name, each)
    elif isinstance(part, dict):
        if "type" in part and part["type"] not in COMPONENTS:
            raise EncoderError(f"{name} is refused: it has a part of an unknown type")
        if "Regex" in part and part["Regex"] not in REGEXES:
            raise EncoderError(f"{name} is refused: it has an unknown regular expression")
        _check_parts(name, list(part.values()))


def _token_content(value: object) -> object:
    """Return the text of a token that is written as an object; the tokenizer has the rest."""
    return value["content"] if isinstance(value, dict) and "content" in value else value
