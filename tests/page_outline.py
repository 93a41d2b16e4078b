"""What a browser makes of HTML, and articles to make some of."""

from html.parser import HTMLParser

from recsys.catalog.schema import DESCRIPTIVE_COLUMNS
from recsys.serving.results import Article, Match
from recsys.web import templating

HOSTILE = """<script>alert('x')</script> "quoted" onerror='y' & Söhne </li></ol>"""
VOID_TAGS = {"img", "input"}


class Outline(HTMLParser):
    """Tags with their attributes, and the text in each class. Every tag must be closed.

    Attributes:
        tags: tags and their attributes, in their order.
        text: the class (or the tag) around each text, and the text.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[tuple[str, str]] = []
        self._open: list[tuple[str, str]] = []
        self.feed(html)
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID_TAGS:
            self._open.append((tag, dict(attrs).get("class") or tag))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag, tag

    def handle_data(self, data: str) -> None:
        self.text.append((self._open[-1][1] if self._open else "", data))

    def texts(self, name: str) -> list[str]:
        """The texts that are directly in a class, or in a tag without one."""
        return [text for where, text in self.text if where == name and text.strip()]

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of each tag of a name."""
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def structure(self) -> list[tuple[str, tuple[str, ...]]]:
        """Tags and the names of their attributes."""
        return [(tag, tuple(sorted(attributes))) for tag, attributes in self.tags]

    @property
    def all_text(self) -> str:
        """All texts, with single spaces."""
        return " ".join(" ".join(text for _, text in self.text).split())


def macro(template: str, name: str, *values: object) -> str:
    """The HTML of one macro of a template."""
    module = templating.ENVIRONMENT.get_template(template).module
    return str(getattr(module, name)(*values))


def article(number: int, has_photo: bool = True, name: str = "") -> Article:
    """An article that differs from those of other numbers in every text but its description."""
    attributes = {column: f"{column} {number}" for column in DESCRIPTIVE_COLUMNS}
    return Article(f"{number:010}", name or f"Name {number}", "Soft.", attributes, has_photo)


def match(rank: int, found: Article) -> Match:
    """A match to which two models have contributed."""
    return Match(rank, found, 0.5, {"text": 0.2, "image": 0.3})
