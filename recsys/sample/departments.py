"""Where a shop like H&M sells what: its indexes, sections, garment groups and departments."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ShopIndex:
    """A part of the assortment and whom it is for."""

    code: str
    name: str
    group_no: int
    group_name: str


@dataclass(frozen=True)
class Department:
    """A department: its index, section and garment group, and the lines it carries.

    `wearer` is "women", "men" or "child"; `lines` are the `Kind.line` values it sells.
    """

    wearer: str
    index_code: str
    section_no: int
    no: int
    name: str
    garment_group_no: int
    lines: tuple[str, ...]


INDEXES = (
    ShopIndex("A", "Ladieswear", 1, "Ladieswear"),
    ShopIndex("C", "Ladies Accessories", 1, "Ladieswear"),
    ShopIndex("D", "Divided", 2, "Divided"),
    ShopIndex("F", "Menswear", 3, "Menswear"),
    ShopIndex("G", "Baby Sizes 50-98", 4, "Baby/Children"),
    ShopIndex("H", "Children Sizes 92-140", 4, "Baby/Children"),
    ShopIndex("I", "Children Sizes 134-170", 4, "Baby/Children"),
    ShopIndex("J", "Children Accessories, Swimwear", 4, "Baby/Children"),
    ShopIndex("S", "Sport", 26, "Sport"),
)

SECTIONS = {
    5: "Ladies H&M Sport",
    6: "Womens Casual",
    11: "Womens Tailoring",
    15: "Womens Everyday Collection",
    16: "Womens Everyday Basics",
    19: "Womens Jackets",
    20: "Contemporary Smart",
    21: "Contemporary Casual",
    22: "Men H&M Sport",
    23: "Men Suits & Tailoring",
    25: "Men Accessories",
    26: "Men Underwear",
    27: "Men Shoes",
    31: "Mens Outerwear",
    40: "Baby Girl",
    41: "Baby Boy",
    42: "Kids & Baby Shoes",
    43: "Kids Accessories, Swimwear & D",
    45: "Kids Outerwear",
    46: "Kids Boy",
    47: "Young Boy",
    51: "Divided Basics",
    52: "Divided Accessories",
    53: "Divided Collection",
    55: "Contemporary Street",
    56: "Denim Men",
    57: "Ladies Denim",
    64: "Womens Shoes",
    65: "Womens Big accessories",
    76: "Kids Girl",
    77: "Young Girl",
    79: "Girls Underwear & Basics",
}

GARMENT_GROUPS = {
    1002: "Jersey Basic",
    1003: "Knitwear",
    1005: "Jersey Fancy",
    1006: "Woven/Jersey/Knitted mix Baby",
    1007: "Outdoor",
    1008: "Dressed",
    1009: "Trousers",
    1010: "Blouses",
    1011: "Shirts",
    1012: "Skirts",
    1013: "Dresses Ladies",
    1014: "Dresses/Skirts girls",
    1016: "Trousers Denim",
    1019: "Accessories",
    1020: "Shoes",
    1025: "Shorts",
}

_TABLE = """
women A 16 1676 1002 | Jersey Basic | tees, vests
women A 6 1660 1005 | Jersey | tees, sweatshirts, hoodies
women A 15 1522 1010 | Blouse | blouses, shirts
women A 15 1322 1013 | Dress | dresses
women A 15 1626 1003 | Knitwear | jumpers, cardigans
women A 19 1201 1007 | Outwear | jackets, coats
women A 11 1212 1008 | Suit | blazers
women A 15 1722 1009 | Trouser | trousers, joggers
women A 15 1723 1025 | Shorts | shorts
women A 15 1422 1012 | Skirt | skirts
women C 65 3209 1019 | Bags | bags
women C 65 3409 1019 | Scarves | scarves
women C 65 3519 1019 | Gloves/Hats | beanies, caps, hats
women C 64 3828 1020 | Sneakers | sneakers
women C 64 3529 1020 | Boots | boots
women D 53 1344 1013 | Dresses | dresses
women D 53 1640 1005 | Tops Fancy Jersey | tees, sweatshirts
women D 51 1643 1002 | Basic 1 | tees, vests, hoodies, leggings
women D 53 1543 1010 | Tops Woven | blouses, shirts
women D 53 1647 1003 | Tops Knitwear | jumpers, cardigans
women D 53 1244 1007 | Outdoor/Blazers | jackets, coats, blazers
women D 53 1747 1009 | Trousers | trousers, joggers
women D 57 1772 1016 | Denim Trousers | jeans
women D 53 1745 1025 | Shorts | shorts
women D 53 1444 1012 | Skirts | skirts
women D 52 3929 1020 | Divided Shoes | sneakers, boots
women D 52 3944 1019 | Bags | bags
women D 52 3945 1019 | Knit & Woven | beanies, caps, hats, scarves
women S 5 8310 1005 | Ladies Sport Bottoms | leggings
men F 55 5882 1005 | Jersey Fancy | tees, hoodies, sweatshirts
men F 26 5832 1002 | Light Basic Jersey | tees
men F 23 5831 1003 | Knitwear | polos
men F 21 5767 1011 | Shirt | shirts
men F 20 5878 1003 | Knitwear | jumpers, cardigans
men F 31 5262 1007 | Jacket Smart | jackets, coats
men F 23 8615 1008 | Blazer S&T | blazers
men F 20 5686 1009 | Trouser | trousers, joggers
men F 56 5672 1016 | Denim trousers | jeans
men F 21 5658 1025 | Shorts | shorts
men F 27 3629 1020 | Shoes | sneakers, boots
men F 25 7388 1019 | Bags & Items | bags
men F 25 9985 1019 | Accessories | beanies, caps, hats, scarves
men S 22 8559 1005 | Men Sport Woven | tees, shorts
men S 22 8558 1007 | Men Sport Tops | hoodies, jackets
child G 40 6555 1006 | Baby Girl Woven | dresses, blouses
child G 41 6545 1005 | Baby Boy Jersey Fancy | tees, hoodies, sweatshirts, polos
child G 40 6526 1003 | Baby Girl Knitwear | jumpers, cardigans
child G 41 6565 1006 | Baby Boy Woven | trousers, joggers, shorts, shirts
child H 76 7616 1005 | Kids Girl Jersey Fancy | tees, dresses, sweatshirts
child H 76 7613 1014 | Kids Girl Dresses | dresses, skirts, blouses
child H 46 7648 1005 | Kids Boy Jersey Fancy | tees, hoodies, polos
child H 46 7657 1011 | Kids Boy Shirt | shirts
child H 76 7618 1003 | Kids Girl Knitwear | jumpers, cardigans
child H 46 7656 1009 | Kids Boy Trouser | trousers, joggers
child H 76 7917 1016 | Kids Girl Denim | jeans
child H 79 7920 1002 | Kids Girl Jersey Basic | leggings
child H 45 7812 1007 | Kids Girl Outdoor | jackets
child I 77 8716 1005 | Young Girl Jersey Fancy | tees, sweatshirts
child I 77 8713 1014 | Young Girl Dresses | dresses, skirts, blouses
child I 47 8748 1005 | Young Boy Jersey Fancy | tees, hoodies
child I 47 8757 1011 | Young Boy Shirt | shirts
child I 77 8917 1016 | Young Girl Denim | jeans
child I 47 8755 1025 | Young Boy Shorts | shorts
child I 45 8812 1007 | Young Girl Outdoor | jackets
child J 42 4211 1020 | Kids Boy Shoes | sneakers
child J 42 4311 1020 | Kids Girl Shoes | boots
child J 45 4312 1019 | Kids Girl Big Acc | beanies, scarves, hats
child J 45 4212 1019 | Kids Boy Big Acc | caps
child J 43 4313 1019 | Girls Small Acc/Bags | bags
"""


def _department(row: str) -> Department:
    codes, name, lines = (cell.strip() for cell in row.split("|"))
    wearer, index, section, number, group = codes.split()
    carried = tuple(lines.split(", "))
    return Department(wearer, index, int(section), int(number), name, int(group), carried)


DEPARTMENTS = tuple(_department(row) for row in _TABLE.strip().splitlines())
"""Every department that carries anything."""
