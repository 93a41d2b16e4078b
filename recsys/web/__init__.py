"""The Gradio page, the API and the MCP server.

HTML is made from the Jinja2 templates in `templates`, which escape every value; styles and scripts
are in `static`. Answers come from `recsys.serving`.
"""
