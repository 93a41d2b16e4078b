from dataclasses import dataclass, field

import pytest

from recsys.models.strict_json import load_json
from recsys.release.typed_json import Field, read_typed


@dataclass(frozen=True)
class Leg:
    length: float
    toes: int = 5


@dataclass(frozen=True)
class Animal:
    name: str
    legs: dict[str, Leg]
    weights: dict[str, float] = field(default_factory=dict)


FIELDS = {
    (Animal, "name"): Field(form=r"[a-z]+"),
    (Animal, "legs"): Field(keys="left|right", required=frozenset({"left"})),
    (Animal, "weights"): Field(low=-5, high=5),
    (Leg, "toes"): Field(low=1, high=9),
}
LEG = {"length": 0.5, "toes": 3}
ANIMAL = {"name": "emu", "legs": {"left": LEG}, "weights": {"x": -4.5, "y": 2}}


def test_dataclasses_are_read_with_all_that_is_in_them() -> None:
    assert read_typed(Animal, ANIMAL, FIELDS) == Animal(
        "emu", {"left": Leg(0.5, 3)}, {"x": -4.5, "y": 2}
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": 3}, "name is '3'"),
        ({"name": None}, "name is 'None'"),
        ({"name": "EMU"}, "name is 'EMU'"),
        ({"name": "emu\n"}, "name is"),
        ({"name": "e\ud800"}, "name is"),
        ({"name": "e" * 201}, "name is"),
        ({"legs": []}, "legs is not an object"),
        ({"legs": {}}, "legs lacks 'left'"),
        ({"legs": {"left": LEG, "middle": LEG}}, "a key of legs is 'middle'"),
        ({"legs": {"left": 3}}, "legs.left is not an object"),
        ({"legs": {"left": {"length": 0.5}}}, "legs.left lacks 'toes'"),
        ({"legs": {"left": LEG | {"claws": 1}}}, "legs.left has the unknown field 'claws'"),
        ({"legs": {"left": LEG | {"toes": 3.0}}}, "legs.left.toes is not an integer"),
        ({"legs": {"left": LEG | {"toes": True}}}, "legs.left.toes is not an integer"),
        ({"legs": {"left": LEG | {"toes": "3"}}}, "legs.left.toes is not an integer"),
        ({"legs": {"left": LEG | {"toes": 0}}}, "legs.left.toes is not between 1 and 9"),
        ({"legs": {"left": LEG | {"toes": 10**400}}}, "legs.left.toes is not between 1 and 9"),
        ({"legs": {"left": LEG | {"length": 1.01}}}, "legs.left.length is not between 0 and 1"),
        ({"legs": {"left": LEG | {"length": True}}}, "legs.left.length is not a number"),
        ({"legs": {"left": LEG | {"length": None}}}, "legs.left.length is not a number"),
        ({"legs": {"left": LEG | {"length": float("nan")}}}, "legs.left.length is not between"),
        ({"weights": {"x": float("inf")}}, "weights.x is not between -5 and 5"),
        ({"weights": {"x": []}}, "weights.x is not a number"),
        ({"weights": {"x\ny": 1}}, "a key of weights is"),
        ({"more": 1}, "it has the unknown field 'more'"),
    ],
)
def test_whatever_is_unexpected_is_refused_by_its_place(
    change: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        read_typed(Animal, ANIMAL | change, FIELDS)


@pytest.mark.parametrize("data", [None, [], "x", 3, True])
def test_what_is_no_object_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match="it is not an object"):
        read_typed(Animal, data, FIELDS)


@pytest.mark.parametrize(
    "text",
    [
        *('{"a": NaN}', '{"a": Infinity}', '{"a": -Infinity}', '{"a": 1, "a": 1}', "{", ""),
        "[" * 100_000,
        '{"a":' * 100_000,
        "9" * 5000,
    ],
    ids=lambda text: text[:20],
)
def test_text_that_is_no_strict_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        load_json(text)
