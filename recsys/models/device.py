"""Run on ZeroGPU, the shared GPUs of Hugging Face Spaces, without using a GPU.

A search needs no GPU and a photo takes milliseconds on a CPU, so visitors keep their quota. But
ZeroGPU stops a Space that declares no function for a GPU, and torch reports a GPU there that is
available inside such functions only.
"""

import os

ON = ("1", "t", "true")
"""Values that the ``spaces`` package reads as true."""


def on_zero_gpu() -> bool:
    """Whether this is a Space on ZeroGPU."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ON


def declare_gpu_use() -> None:
    """Declare a function for a GPU where ``spaces`` is installed; elsewhere do nothing.

    Call it before torch is imported: ``spaces`` must be imported first.
    """
    try:
        import spaces
    except ImportError:
        return
    spaces.GPU(_unused)


def _unused() -> None:
    """Never called."""
