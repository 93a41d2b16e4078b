"""Which edition answers while others are swapped in."""

from pathlib import Path

import pytest
from building import edition

from recsys.release.reader import open_release
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender


@pytest.fixture
def editions(small_built: Path, tmp_path: Path) -> list[Edition]:
    folders = [edition(small_built / "release", tmp_path / str(n), n) for n in (1, 2, 3)]
    return [Edition(Recommender(open_release(folder)), folder.name) for folder in folders]


def test_an_edition_answers_once_it_is_swapped_in(editions: list[Edition]) -> None:
    live = LiveEdition(editions[0])
    assert live.current is editions[0]
    live.swap(editions[1])
    assert live.current is editions[1]


def test_the_edition_before_is_kept_and_older_ones_are_not(
    editions: list[Edition],
) -> None:
    live = LiveEdition(editions[0])
    for each in editions[1:]:
        live.swap(each)
    first, second, third = (each.recommender for each in editions)
    assert live.recommender(third.release_version) is third
    assert live.recommender(second.release_version) is second
    assert live.recommender(first.release_version) is third
    assert live.recommender("unknown") is third


def test_a_running_query_finishes_with_its_edition(editions: list[Edition]) -> None:
    live = LiveEdition(editions[0])
    recommender = live.current.recommender
    live.swap(editions[1])
    live.swap(editions[2])
    answer = recommender.similar_to_article(recommender.release.articles["article_id"][0])
    assert answer.release_version == editions[0].recommender.release_version
    names = {match.article.name for gallery in answer.galleries for match in gallery.matches}
    assert all(name.endswith("(1)") for name in names)
