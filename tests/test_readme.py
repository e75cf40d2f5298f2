"""The README's example prints what the README says, and every file that it names is there."""

import re

from readme import EXAMPLE, README, printed


def test_the_example_prints_what_stands_below_it():
    example = EXAMPLE.search(README.read_text())
    assert example and printed(example[2]) == example[3]
    assert len([line for line in example[2].splitlines() if line.strip()]) <= 12


def test_every_file_that_is_linked_exists():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README.read_text())
    assert len(links) > 10
    assert [link for link in links if not (README.parent / link).exists()] == []


def test_the_two_commands_are_those_that_ci_runs():
    assert 'pip install -e ".[test]" && pytest' in README.read_text()
    assert 'pip install -e ".[test]" && pytest' in (README.parent / ".ci" / "run").read_text()
