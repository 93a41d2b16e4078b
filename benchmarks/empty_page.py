"""An empty Gradio page with an endpoint that does nothing: the baseline of other benchmarks."""

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
    page.launch(ssr_mode=False, quiet=True)


if __name__ == "__main__":
    main()
