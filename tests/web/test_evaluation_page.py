"""The charts of "How good is it?" draw every figure of an evaluation, within its width."""

from xml.etree.ElementTree import Element, fromstring

import pytest

from recsys.evaluation.metrics import Estimate
from recsys.evaluation.report import OURS, PROTOCOLS, Evaluation, Scores, Table
from recsys.models.registry import ALL
from recsys.web.evaluation_page import METRICS, TABLES, evaluation_html


def scores(recall, low=None, high=None):
    """Return scores that differ in every figure."""
    return Scores(
        recall_12=Estimate(
            recall, recall - 0.01 if low is None else low, recall + 0.02 if high is None else high
        ),
        recall_100=Estimate(0.8125, 0.3, 0.9),
        map_12=Estimate(0.0625, 0.05, 0.07),
        ndcg_12=Estimate(0.125, 0.11, 0.13),
        hit_rate_12=Estimate(0.75, 0.7, 0.8),
        coverage_12=0.03125,
        novelty=14.26,
        answered=4321,
    )


def drawn(models, name="basket", questions=50):
    """Return the chart of one table."""
    return sections(Evaluation({name: Table(questions, models)}))[0]


def page(evaluation):
    """Return the page as a tree; that also fails on a tag that is left open."""
    return fromstring(evaluation_html(evaluation).replace("&nbsp;", " "))  # noqa: S314


def sections(evaluation):
    return page(evaluation).findall("div/section")


def text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def bars(section):
    return section.findall("table/tbody/tr")


def bar_names(section):
    return [text(row.find("th")) for row in bars(section)]


def measures(row, name):
    """Return the lengths in a bar's or a whisker's style, in percent."""
    style = next(span.get("style") for span in row.iter("span") if span.get("class") == name)
    pairs = (each.split(":") for each in style.split(";"))
    return {key: float(value.removesuffix("%")) for key, value in pairs}


# Tables


def test_every_table_that_is_there_has_one_chart_in_the_usual_order():
    found = sections(Evaluation({name: Table(9, {"image": scores(0.5)}) for name in PROTOCOLS}))
    titles = [title for title, _ in TABLES.values()]
    assert list(TABLES) == list(PROTOCOLS)
    assert [section.get("aria-label") for section in found] == titles
    assert [text(section.find("h2")) for section in found] == titles


def test_a_table_that_is_not_there_has_no_chart():
    tables = {name: Table(9, {"image": scores(0.5)}) for name in ("basket", "photo")}
    found = sections(Evaluation(tables))
    shown = [text(section.find("h2")) for section in found]
    assert shown == ["The rest of a day's shopping", "The product in a photo"]


def test_a_chart_says_what_the_task_was_and_how_often():
    explanation = text(drawn({"image": scores(0.5)}, "basket", 1234).find("p"))
    task = "Given one article from a day's shopping, find the rest."
    assert explanation == f"{task} 1,234 tasks."


def test_without_tables_the_catalogue_is_too_small():
    small = page(Evaluation({}))
    assert text(small) == "This catalogue is too small to be measured."
    assert small.findall(".//section") == []
    assert "too small" not in text(page(Evaluation({"photo": Table(9, {"image": scores(0.5)})})))


# Bars


def test_the_best_recall_comes_first():
    section = drawn({"random": scores(0.1), "combined": scores(0.4), "text": scores(0.25)})
    assert bar_names(section) == ["All combined", "Described alike", "Random articles"]
    assert [text(row.findall("td")[1]) for row in bars(section)] == ["0.40", "0.25", "0.10"]


def test_what_the_galleries_show_is_marked_and_what_it_has_to_beat_is_not():
    others = ("random", "popularity", "without text", "EfficientNet-Lite0, untuned")
    section = drawn(dict.fromkeys((*others, *OURS), scores(0.3)))
    marked = {text(row.find("th")) for row in bars(section) if row.get("class") == "ours"}
    assert marked == {model.title for model in ALL}
    assert "Without “Described alike”" in bar_names(section)
    assert len(bars(section)) == len(OURS) + len(others)


def test_a_bar_is_as_long_as_its_mean():
    """The chart ends at the next multiple of .05 after the longest interval."""
    models = {
        "combined": scores(0.4, 0.35, 0.45),
        "text": scores(0.2, 0.1, 0.48),
        "image": scores(0.1, 0.05, 0.15),
    }
    section = drawn(models)
    rows = bars(section)
    assert [measures(row, "bar")["width"] for row in rows] == [80, 40, 20]
    whiskers = [measures(row, "whisker") for row in rows]
    assert [whisker["left"] for whisker in whiskers] == [70, 20, 10]
    ends = [whisker["left"] + whisker["width"] for whisker in whiskers]
    assert ends == pytest.approx([90, 96, 30])
    assert text(section.find("table/tfoot")) == "00.50"


def test_charts_side_by_side_have_one_scale_and_others_their_own():
    tables = {
        "basket": Table(9, {"text": scores(0.2, 0.1, 0.4)}),
        "basket, unsold": Table(9, {"text": scores(0.1, 0.05, 0.2)}),
        "photo": Table(9, {"image": scores(0.9, 0.8, 1.0)}),
    }
    widths = [measures(bars(each)[0], "bar")["width"] for each in sections(Evaluation(tables))]
    assert widths == [50, 25, 90]


def test_models_that_never_found_anything_have_bars_without_length():
    rows = bars(drawn({"random": scores(0, 0, 0), "text": scores(0, 0, 0)}))
    assert [measures(row, "bar")["width"] for row in rows] == [0, 0]
    assert [measures(row, "whisker")["width"] for row in rows] == [0, 0]


def test_a_value_tells_its_interval():
    value = bars(drawn({"text": scores(0.2, 0.125, 0.5)}))[0].findall("td")[1]
    assert value.get("title") == "95 % interval 0.12 to 0.50"


# Figures


def test_all_figures_of_every_model_are_folded_below_under_their_headings():
    section = drawn({"random": scores(0.1), "combined": scores(0.4)})
    folded = section.find("details")
    assert folded.get("open") is None
    head, *rows = folded.iter("tr")
    assert [[text(cell) for cell in row] for row in rows] == [
        ["All combined", "0.81", "0.06", "0.12", "0.75", "0.03", "14.3", "4,321"],
        ["Random articles", "0.81", "0.06", "0.12", "0.75", "0.03", "14.3", "4,321"],
    ]
    assert [text(cell) for cell in head] == ["Ranking", *list(METRICS)[1:]]


def test_every_figure_is_explained():
    explained = page(Evaluation({"photo": Table(9, {"image": scores(0.5)})})).findall(".//dt")
    assert [text(each) for each in explained] == list(METRICS)
