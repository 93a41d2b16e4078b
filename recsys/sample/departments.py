"""The organisation of the sample shop, read from ``tables/departments.toml``."""

from dataclasses import dataclass

from recsys.sample.table_files import read_table


@dataclass(frozen=True)
class ShopIndex:
    """A part of the assortment and its customer group."""

    code: str
    name: str
    group_no: int
    group_name: str


@dataclass(frozen=True)
class Department:
    """A department: its index, section and garment group, and what it sells.

    Attributes:
        wearer: "women", "men" or "child".
        lines: the product lines it sells, see `ProductType.line`.
    """

    wearer: str
    index_code: str
    section_no: int
    garment_group_no: int
    no: int
    name: str
    lines: tuple[str, ...]


_TABLE = read_table("departments")
INDEXES = {row["code"]: ShopIndex(**row) for row in _TABLE["indexes"]}
SECTIONS: dict[int, str] = {int(number): name for number, name in _TABLE["sections"].items()}
GARMENT_GROUPS: dict[int, str] = {int(no): name for no, name in _TABLE["garment_groups"].items()}
DEPARTMENTS = tuple(Department(**row) for row in _TABLE["departments"])
