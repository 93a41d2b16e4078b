"""How many queries are worked on at once; the rest wait in Gradio's queue."""

from typing import Any

from recsys.serving.encoders import LARGEST_BATCH

SEARCHING: dict[str, Any] = {"concurrency_limit": 8, "concurrency_id": "searches"}
"""How events are bound that only search."""

READING: dict[str, Any] = {"concurrency_limit": LARGEST_BATCH, "concurrency_id": "reading"}
"""How those are bound that an encoder answers, which reads that many at once."""
