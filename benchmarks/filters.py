"""Whether filtered answers are those of exact search: ``python -m benchmarks.filters RELEASE``.

What the tests ask of the sample, 500 random sets of filters, is asked of any release.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from test_recommender import test_with_filters_every_gallery_is_what_exact_search_finds as check

from recsys.release.reader import open_release
from recsys.serving.recommender import Recommender


def main() -> None:
    """Print that they are; fail where one is not."""
    parser = argparse.ArgumentParser(description="Compare filtered answers with exact search.")
    parser.add_argument("release", type=Path)
    check(Recommender(open_release(parser.parse_args().release)))
    print("500 random sets of filters: every gallery is what exact search finds")


if __name__ == "__main__":
    main()
