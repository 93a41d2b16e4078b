"""The charts of "How good is it?" draw every figure of an evaluation, within its width."""

from xml.etree.ElementTree import Element, fromstring

import pytest

from recsys.evaluation.metrics import Estimate
from recsys.evaluation.report import OURS, PROTOCOLS, Evaluation, Scores, Table
from recsys.web.pages import evaluation_html


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
    return page(evaluation).findall("section")


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
    assert [section.get("aria-label") for section in found] == list(PROTOCOLS)
    assert len({text(section.find("h2")) for section in found}) == len(PROTOCOLS)


def test_a_table_that_is_not_there_has_no_chart():
    tables = {name: Table(9, {"image": scores(0.5)}) for name in ("basket", "photo")}
    found = sections(Evaluation(tables))
    assert [text(section.find("h2")) for section in found] == ["Basket", "Photo"]
    assert PROTOCOLS["next purchase"] not in text(page(Evaluation(tables)))


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_chart_says_what_it_measures_and_on_how_many_questions(name):
    explanation = text(drawn({"image": scores(0.5)}, name, 1234).find("p"))
    assert explanation == f"{PROTOCOLS[name]} 1,234 questions."


def test_without_tables_the_catalogue_is_too_small():
    small = page(Evaluation({}))
    assert text(small) == "This catalogue is too small to be measured."
    assert small.findall("section") == []
    assert "too small" not in text(page(Evaluation({"photo": Table(9, {"image": scores(0.5)})})))


# Bars


def test_the_best_recall_comes_first():
    section = drawn({"random": scores(0.1), "combined": scores(0.4), "text": scores(0.25)})
    assert bar_names(section) == ["combined", "text", "random"]
    assert [text(row.findall("td")[1]) for row in bars(section)] == ["0.4000", "0.2500", "0.1000"]


def test_what_the_galleries_show_is_marked_and_what_it_has_to_beat_is_not():
    others = ("random", "popularity", "without text", "EfficientNet-Lite0, untuned")
    section = drawn(dict.fromkeys((*others, *OURS), scores(0.3)))
    marked = {text(row.find("th")) for row in bars(section) if row.get("class") == "ours"}
    assert marked == set(OURS)
    assert len(bars(section)) == len(OURS) + len(others)


def test_a_bar_is_as_long_as_its_mean_and_the_longest_interval_ends_at_the_edge():
    """Even where that interval is not the best model's."""
    models = {
        "combined": scores(0.4, 0.35, 0.45),
        "text": scores(0.2, 0.1, 0.5),
        "image": scores(0.1, 0.05, 0.15),
    }
    rows = bars(drawn(models))
    assert [measures(row, "bar")["width"] for row in rows] == [80, 40, 20]
    whiskers = [measures(row, "whisker") for row in rows]
    assert [whisker["left"] for whisker in whiskers] == [70, 20, 10]
    ends = [whisker["left"] + whisker["width"] for whisker in whiskers]
    assert ends == pytest.approx([90, 100, 30])


def test_each_chart_has_a_scale_of_its_own():
    tables = {
        "basket": Table(9, {"text": scores(0.02, 0.01, 0.04)}),
        "photo": Table(9, {"image": scores(0.9, 0.8, 1.0)}),
    }
    widths = [measures(bars(each)[0], "bar")["width"] for each in sections(Evaluation(tables))]
    assert widths == [50, 90]


def test_models_that_never_found_anything_have_bars_without_length():
    rows = bars(drawn({"random": scores(0, 0, 0), "text": scores(0, 0, 0)}))
    assert [measures(row, "bar")["width"] for row in rows] == [0, 0]
    assert [measures(row, "whisker")["width"] for row in rows] == [0, 0]


def test_a_value_tells_its_interval():
    value = bars(drawn({"text": scores(0.2, 0.125, 0.5)}))[0].findall("td")[1]
    assert value.get("title") == "95 % interval 0.1250 to 0.5000"


# Figures


def test_all_figures_of_every_model_are_folded_below_under_their_headings():
    section = drawn({"random": scores(0.1), "combined": scores(0.4)})
    folded = section.find("details")
    assert folded.get("open") is None
    head, *rows = folded.iter("tr")
    assert [[text(cell) for cell in row] for row in rows] == [
        ["combined", "0.8125", "0.0625", "0.1250", "0.7500", "0.0312", "14.3", "4,321"],
        ["random", "0.8125", "0.0625", "0.1250", "0.7500", "0.0312", "14.3", "4,321"],
    ]
    assert [text(cell) for cell in head] == [
        "model",
        "recall@100",
        "MAP@12",
        "NDCG@12",
        "hit rate@12",
        "coverage@12",
        "novelty, bits",
        "answered",
    ]
