"""An empty Gradio page with an endpoint that does nothing: what the app is measured beside.

Its fonts are the system's, as the app's are: where the network is closed, those of Gradio's usual
theme would keep it waiting.
"""

import gradio as gr


def nothing() -> dict[str, str]:
    """Do nothing."""
    return {}


def main() -> None:
    """Serve it."""
    with gr.Blocks(analytics_enabled=False) as page:
        gr.HTML("<p id='here'>Here.</p>")
        gr.api(nothing, api_name="nothing", concurrency_limit=8)
    plain = gr.themes.Base(font=["system-ui"], font_mono=["ui-monospace"])
    page.launch(theme=plain, ssr_mode=False, quiet=True)


if __name__ == "__main__":
    main()
