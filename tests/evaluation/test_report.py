"""An evaluation survives being stored, and its tables say what was measured."""

import json
from dataclasses import asdict

import pytest

from recsys.evaluation.metrics import Estimate
from recsys.evaluation.report import (
    OURS,
    PROTOCOLS,
    Evaluation,
    Scores,
    Table,
    markdown,
    read_evaluation,
)


def scores(recall, answered=50):
    """Return scores that differ in every figure."""
    return Scores(
        recall_12=Estimate(recall, recall - 0.01, recall + 0.02),
        recall_100=Estimate(recall + 0.3, 0.3, 0.9),
        map_12=Estimate(0.0625, 0.05, 0.07),
        ndcg_12=Estimate(0.125, 0.11, 0.13),
        hit_rate_12=Estimate(0.75, 0.7, 0.8),
        coverage_12=0.03125,
        novelty=14.26,
        answered=answered,
    )


def evaluation():
    basket = {"popularity": scores(0.1), "combined": scores(0.4), "item-kNN": scores(0.25)}
    photo = {"image": scores(0.5, answered=4321)}
    return Evaluation({"basket": Table(1234, basket), "photo": Table(60, photo)})


def stored():
    """What is read from a file."""
    return json.loads(json.dumps(asdict(evaluation())))


def damage(data, path, value):
    """Put ``value`` at a path of keys; None takes it away."""
    *parents, last = path
    for key in parents:
        data = data[key]
    if value is None:
        del data[last]
    else:
        data[last] = value


COMBINED = ("tables", "basket", "models", "combined")


# Storing


def test_what_was_stored_is_read_back():
    assert read_evaluation(stored()) == evaluation()


def test_tables_are_read_in_their_usual_order_however_they_were_stored():
    data = stored()
    names = ["photo", "next purchase", "basket, unsold", "basket"]
    data["tables"] = dict.fromkeys(names, data["tables"]["basket"])
    assert list(read_evaluation(data).tables) == names[::-1]


def test_an_evaluation_in_which_nothing_was_asked_is_read_back():
    empty = Evaluation({})
    assert read_evaluation(json.loads(json.dumps(asdict(empty)))) == empty
    assert markdown(empty) == ""


def test_a_table_of_an_unknown_name_is_refused_by_its_name():
    data = stored()
    data["tables"]["bingo"] = data["tables"]["basket"]
    with pytest.raises(ValueError, match="bingo"):
        read_evaluation(data)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("tables",), None),
        (("tables", "basket"), []),
        (("tables", "basket", "questions"), None),
        (("tables", "basket", "questions"), "many"),
        (("tables", "basket", "models"), None),
        (COMBINED, 0.5),
        ((*COMBINED, "recall_12"), None),
        ((*COMBINED, "recall_12"), 0.5),
        ((*COMBINED, "recall_12"), [0.5, 0.4, 0.6]),
        ((*COMBINED, "map_12", "low"), None),
        ((*COMBINED, "map_12", "lower"), 0.5),
        ((*COMBINED, "novelty"), None),
        ((*COMBINED, "luck"), 0.5),
    ],
)
def test_damaged_data_is_refused(path, value):
    data = stored()
    damage(data, path, value)
    with pytest.raises((KeyError, TypeError, ValueError)):
        read_evaluation(data)


@pytest.mark.parametrize("data", [None, [], "tables", 5, {}])
def test_what_is_no_evaluation_is_refused(data):
    with pytest.raises((KeyError, TypeError, ValueError)):
        read_evaluation(data)


# Showing


def rows(text):
    """Return the cells of every row of a model."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [line.strip("| ").split(" | ") for line in lines if "recall@12" not in line]


def test_every_table_stands_there_once_with_its_explanation():
    text = markdown(evaluation())
    assert text.count("**basket** (1,234 questions). " + PROTOCOLS["basket"]) == 1
    assert text.count("**photo** (60 questions). " + PROTOCOLS["photo"]) == 1
    assert text.count("| | recall@12 (95 %) |") == 2
    assert "next purchase" not in text


def test_the_best_recall_comes_first_and_our_models_are_bold():
    names = [cells[0] for cells in rows(markdown(evaluation()))]
    assert names == ["**combined**", "item-kNN", "popularity", "**image**"]


def test_all_five_models_are_ours():
    assert set(OURS) == {"combined", "text", "image", "features", "two_tower"}


def test_a_row_gives_every_figure_in_the_order_of_the_head():
    text = markdown(Evaluation({"photo": Table(60, {"BPR": scores(0.5, answered=4321)})}))
    head = next(line for line in text.splitlines() if "recall@12" in line)
    assert head == (
        "| | recall@12 (95 %) | recall@100 | MAP@12 | NDCG@12 | hit rate@12 | coverage@12 "
        "| novelty, bits | answered |"
    )
    [cells] = rows(text)
    assert cells[:3] == ["BPR", "0.5000 (0.4900 to 0.5200)", "0.8000"]
    assert cells[3:] == ["0.0625", "0.1250", "0.7500", "0.0312", "14.3", "4,321"]


def test_every_line_of_a_table_has_as_many_cells():
    lines = [line for line in markdown(evaluation()).splitlines() if line.startswith("|")]
    assert {line.count("|") for line in lines} == {10}
