"""HTML from the templates in `templates`. Every value is escaped."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
ENVIRONMENT.filters["thousands"] = "{:,}".format


def render(name: str, **values: object) -> str:
    """Return a template's HTML.

    Args:
        name: the template's file name.
        values: the variables of the template. All of them must be given.

    Raises:
        jinja2.UndefinedError: the template uses a variable that is not given.
    """
    return ENVIRONMENT.get_template(name).render(**values)
