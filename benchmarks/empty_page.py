"""An empty Gradio page with an endpoint that does nothing: the baseline of other benchmarks.

It uses the system's fonts, as the app does: without a network, the fonts of Gradio's default theme
would delay it.
"""

import gradio as gr
from gradio.events import api


def nothing() -> dict[str, str]:
    """Return an empty answer."""
    return {}


def main() -> None:
    """Serve the page until stopped."""
    with gr.Blocks(analytics_enabled=False) as page:
        gr.HTML("<p id='here'>Here.</p>")
        api(nothing, api_name="nothing", concurrency_limit=8)
    plain = gr.themes.Base(font=["system-ui"], font_mono=["ui-monospace"])
    page.launch(theme=plain, ssr_mode=False, quiet=True)


if __name__ == "__main__":
    main()
