"""Getting along with ZeroGPU, the shared GPUs of Hugging Face Spaces.

Looking things up needs no GPU, and a photo takes milliseconds on a CPU, so visitors keep their
quota: nothing here ever asks for a GPU. But ZeroGPU stops a Space that declares no use for one,
and there torch claims to see a GPU that is only lent inside of declared functions.
"""

import os

ON = ("1", "t", "true")


def on_zero_gpu() -> bool:
    """Whether this is a Space on ZeroGPU."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ON


def declare_gpu_use() -> None:
    """Declare a use for a GPU where ``spaces`` is importable; elsewhere do nothing.

    To be called before torch is imported: ``spaces`` has to come first.
    """
    try:
        import spaces
    except ImportError:
        return
    spaces.GPU(_unused)


def _unused() -> None:
    """Never called."""
