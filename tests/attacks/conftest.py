"""Counts what the attacks did, for the summary at the end of ``make attack``."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

TALLY = "attacks"


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Counts something; the numbers of all tests are summed and shown at the end."""
    return lambda name: record_property(TALLY, name)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Show how often each thing happened, over all processes."""
    reports = [each for reports in terminalreporter.stats.values() for each in reports]
    counts = Counter(
        value
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == TALLY
    )
    if counts:
        terminalreporter.section("attacks")
    for name, count in sorted(counts.items()):
        terminalreporter.write_line(f"{count:>7,}  {name}")
