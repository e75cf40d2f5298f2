"""Sentences of the walkthrough that its numbers could deny, counted anew from the data that is kept with it."""

import re
from pathlib import Path

import numpy as np
import pytest

from minilstm import load
from minilstm.analyses.milestones import milestones
from minilstm.analyses.tables import read_csv
from minilstm.verification.mistakes import gate_orders, single_mistakes
from minilstm.verification.vectors import make_vectors, read_vectors

FOLDER = Path(__file__).resolve().parent.parent / "walkthrough"
CASES = [(condition, name) for condition in ("SP", "PS") for name in [f"mini-{n:02}" for n in range(1, 11)]]


def prose(number):
    """The text of a script, without its line breaks."""
    (script,) = FOLDER.glob(f"{number}_*.py")
    return " ".join(re.sub(r"^#( %% \[markdown\])? ?", "", line) for line in script.read_text().splitlines())


def records(name):
    """The rows of a table that is kept, each a dict."""
    columns, rows = read_csv(FOLDER / "data" / name)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def output(number):
    (file,) = (FOLDER / "output").glob(f"{number}_*.txt")
    return file.read_text()


def lines_of(number, start):
    """The lines that a script prints which begin so."""
    return [line for line in output(number).splitlines() if line.startswith(start)]


def cells_of(unit):
    """{condition: C at each word of nounPP} as script 07 prints it."""
    _, _, rest = output("07").partition(f"C of unit {unit} ")
    rows = (line.split() for line in rest.splitlines()[1:5])
    return {condition: np.array(values, float) for condition, *values in rows}


def test_07_cells():
    text, subject, noun, verb = prose("07"), 1, 4, 5
    C = cells_of(24)
    assert {C["SS"][subject], C["SP"][subject]} == {-1.12} and {C["PS"][subject], C["PP"][subject]} == {0.53}
    assert "its cell goes to -1.12 for singulars and +0.53 for plurals" in text
    gaps = np.minimum(C["PS"], C["PP"])[subject:verb] - np.maximum(C["SS"], C["SP"])[subject:verb]
    assert gaps.min() > 1.5 and "the two stay apart until the verb" in text and "the gap between them, about 2" in text
    assert all(round(C[a][k] - C[b][k]) == 2 for a, b in (("PP", "SP"), ("PS", "SS")) for k in range(subject, verb))
    assert f"({C['SP'][noun]} in SP, {C['SS'][noun]} in SS)" in text
    C = cells_of(23)
    singular, plural = ([C[c][noun] for c in pair] for pair in (("SS", "SP"), ("PS", "PP")))
    assert f"({singular[0]} or {singular[1]} against {plural[0]} or {plural[1]} at N2)" in text
    assert all(abs(c[:2] - 2).max() < 0.1 and abs(c[verb] + 0.8) < 0.1 for c in C.values())
    assert "Its cell is about +2 from the start" in text and "-0.8 at the verb, in all four conditions" in text


def test_07_which_numbers_need_the_unit():
    """Of script 05: what is right of nounPP without unit 24, and of namePP."""
    text, needed = prose("07"), lines_of("05", "  24 ")[0]
    assert "nounPP SP 98" in needed and "nounPP PS" not in needed and "namePP PS 91" in needed
    assert "Across a noun of the other number it is needed for singulars only" in text
    row = lines_of("05", "namePP     PS")[0].split()
    assert row[7] == "8.9" and "namePP PS fall to 8.9 %" in text


def test_08_who_decides():
    text, printed = prose("08"), output("08")
    rows = {int(r[0]): [float(x) for x in r[1:]] for r in map(str.split, printed.splitlines()[3:9])}
    assert printed.splitlines()[0].endswith("in order: 8 24 29 2 3 18") and "Unit 8 is as far out" in text
    assert rows[24][0] < 0 < rows[24][2] and max(rows[23][0], rows[23][2]) < 0
    assert max(abs(rows[23][0]), abs(rows[23][2])) < min(abs(rows[24][0]), abs(rows[24][2])) / 2
    pairs = {int(unit): rest for unit, rest in re.findall(r"unit +(\d+), direct / total effect: (.*)", printed)}
    effects = {unit: np.array(re.findall(r"([+-][\d.]+)", rest), float).reshape(4, 2) for unit, rest in pairs.items()}
    direct, total = effects[24].T
    assert min(direct / total) > 2 / 3 and min(direct) > 0 and "two thirds of the total one or more" in text
    direct, total = effects[23].T
    assert [round(x, 1) for x in direct] == [0.2, 0.2, -0.2, -0.2]
    assert min(total[2:]) > 1 and "the margin of plurals falls by more than 1 without it" in text
    assert (
        max(abs(effects[29][:2, 0])) < 0.2 < min(effects[29][2:, 0]) and "29, which speaks up for plurals only" in text
    )
    changes = dict(re.findall(r"(\d+) ([+-]\d\.\d+)", printed.splitlines()[-1]))
    assert {unit for unit, change in changes.items() if round(float(change)) == -1} == {"24", "3"}
    assert "Without unit 23, units 24 and 3 each contribute about 1 nat less to the plural" in text


def test_13_sizes_and_mistakes():
    vectors = make_vectors()
    steps, sequences, inputs = vectors["x"].shape
    units = vectors["h_0"].shape[2]
    assert len({steps, sequences, units}) == 3 and inputs == units
    assert f"There are {steps} steps, {sequences} sequences and {units} units, all different" in prose(13)
    wide_inputs, wide = vectors["x_wide"].shape[2], vectors["h_0_wide"].shape[2]
    assert f"a wide LSTM, of {wide_inputs} inputs and {wide} units" in prose(13)
    problem = read_vectors(vectors)
    orders = [name for name in gate_orders(problem) if re.fullmatch("gate order( [ifog]){4}", name)]
    assert f"each of the {len(orders)} wrong orders among them" in prose(13)
    assert "several hundred known mistakes" in prose(13)
    assert 200 <= len(single_mistakes(problem)) + len(gate_orders(problem)) < 1000
    assert "both between -1 and 1: True\nwith equal weights both are the same: True" in output(13)


@pytest.fixture(scope="module")
def learned():
    """For each (condition, network): when it was solved, the unit, what is lost without it, and since when."""
    columns, rows = read_csv(FOLDER / "data" / "emergence.csv")
    names, lines = milestones(columns, rows)
    lines = {line[0]: dict(zip(names, line, strict=True)) for line in lines}
    parts = "solved at", "lost", "missed since"
    return {(c, name): [lines[name][f"{c}: {part}"] for part in parts] for c, name in CASES}


def test_14_when_a_unit_begins_to_matter(learned):
    text = prose(14)
    solved = {case: parts for case, parts in learned.items() if parts[0] is not None}
    assert f"20 cases; {len(solved)} of them are solved" in text and set(learned) - set(solved) == {("PS", "mini-08")}
    usual = {case: parts for case, parts in solved.items() if parts[2] is not None and parts[2] < parts[0]}
    first, last = (pick(parts[2] for parts in usual.values()) / 1e6 for pick in (min, max))
    latest = max(parts[0] for parts in solved.values()) / 1e6
    assert f"In {len(usual)} of these the story is the same: since some moment between {first:.1f} and " in text
    assert f"{last:.1f} million words the unit has been needed" in text and f"by {latest:.1f} million it is" in text
    others = {case: parts for case, parts in solved.items() if case not in usual}
    assert set(others) == {("SP", "mini-05"), ("SP", "mini-08"), ("SP", "mini-10"), ("PS", "mini-07")}
    assert others["SP", "mini-08"][2] is None and others["PS", "mini-07"][2] == others["PS", "mini-07"][0]
    late = [others["SP", name] for name in ("mini-05", "mini-10")]
    assert all(since > when for when, _, since in late)
    assert f"and {late[0][1]:.0f} and {late[1][1]:.0f} points are lost without it" in text


def test_14_the_networks_before_a_million_words():
    text, rows = prose(14), records("emergence.csv")
    by_network = [sum(row["training"] == name for row in rows) for _, name in CASES[:10]]
    assert set(by_network) == {51} and "51 snapshots each" in text
    early = [row for row in rows if row["tokens"] < 1e6]
    worse = max(min(row[a], row[b]) for row in early for a, b in (("Simple S", "Simple P"), ("nounPP SP", "nounPP PS")))
    assert f"the worse is right on {worse:.0f} % at most" in text
    sums = [row[a] + row[b] for row in early for a, b in (("Simple S", "Simple P"), ("nounPP SP", "nounPP PS"))]
    assert 95 < np.mean(sums) < 105 and max(np.abs(np.array(sums) - 100)) <= 20  # one gains what the other loses
    made = load("mini").provenance
    assert made["recipe"]["batch"] == 4 * 32 and "four times as often as those of `mini`" in text
    assert made["tokens"] * made["recipe"]["epochs"] == 6 * 2_000_000 and "a sixth of what `mini` has read" in text
    of_06 = {row["tokens"]: row["costliest SP"] for row in rows if row["training"] == "mini-06"}
    assert "unit 4 was the costliest for singulars until 6.1 million words, and unit 3 is from 7 million on" in text
    late = {tokens / 1e6: unit for tokens, unit in of_06.items() if tokens > 2e6}
    assert {unit for tokens, unit in late.items() if tokens < 6.2} == {4}
    assert {unit for tokens, unit in late.items() if tokens > 6.9} == {3}


def test_14_where_the_number_can_be_read():
    last = {row["training"]: row for row in records("emergence.csv")}
    held = [row for row in last.values() if row["AUC final units"] > 0.95]
    lost_by_others = [row for row in held if row["AUC all others"] < 0.05]
    elsewhere = [row for row in last.values() if row not in held and row["AUC all others"] > 0.7]
    assert (len(held), len(lost_by_others), len(elsewhere)) == (6, 3, 3)
    assert "In six networks the final units hold the subject's number to the end, and in three of these" in prose(14)
    assert "In the other four they are *needed* but do not hold it" in prose(14) and "most of these have it" in prose(
        14
    )


def test_16_the_index_of_split_units():
    text = output(16)
    areas = [(int(m), float(area)) for m, area in re.findall(r"split into (\d): area ([\d.]+) units", text)]
    assert [m for m, _ in areas] == [1, 2, 4, 8]
    away = [abs(area / (m * areas[0][1]) - 1) for m, area in areas]
    assert max(away) <= 1 / 8 + 0.005 and "It does, but for an eighth" in prose(16)


def test_16_size():
    text = prose(16)
    single = [row for row in records("grid.csv") if "," not in str(row["layers"]) and row["dropout"] in (0, "0")]
    defined = [row for row in single if row["locality"] is not None]
    ceiling = [row for row in defined if row["locality"] == 1]
    assert f"1, in {len(ceiling)} of the {len(defined)} networks of one layer without dropout" in text
    large = [row for row in ceiling if int(row["layers"]) >= 48]
    assert len(large) == 6 and all(str(row["silenced SP"]) == str(row["silenced PS"]) for row in large)
    assert "In the six of them that have 48 or 64 units it is one and the same unit for both numbers" in text
    (first,) = (row for row in large if (row["layers"], row["seed"]) == (64, 1))
    assert f"such as {first['silenced SP']} in the first network of 64" in text

    def at_mean(*sizes):
        return [row["locality at mean"] for row in defined if row["layers"] in sizes]

    assert min(at_mean(16, 24)) > 2 / 3 and "of 16 or 24 units has values above two thirds" in text
    assert round(max(at_mean(64)), 2) == 0.25 and "one of 64 at most .25" in text
    assert [round(1 / value) for value in (max(at_mean(64)), min(at_mean(64)))] == [4, 9]
    assert "areas are about four to nine units there" in text


def test_17_what_is_lost_without_two_units():
    text, printed = " ".join(prose(17).split()), output(17)
    key, keys = ([float(x) for x in line.split()[4:]] for line in printed.splitlines() if line.startswith("C of 416"))
    assert [round(key[1]), round(keys[1], 1)] == [-1, 0.9] and "at *key* the cell goes to -1, at *keys* to +0.9" in text
    assert max(key[1:]) < 0 < min(keys[1:]) and "nothing that comes afterwards changes its sign" in text
    rows = re.findall(r"(nounPP|ObjRel) +(\w\w) +([\d. ]+)", printed)
    right = {(task, condition): [float(x) for x in numbers.split()] for task, condition, numbers in rows}
    both = [right["nounPP", condition] for condition in ("SP", "PS")]
    assert all(right["nounPP", c][k] == 100 for c in ("SS", "SP", "PS", "PP") for k in (0, 4))
    assert "All of nounPP is right" in text and "Two units drawn by lot cost nothing" in text
    (sp, ps), (other_sp, other_ps) = ([round(one[0] - one[k]) for one in both] for k in (1, 2))
    assert f"{sp} of 100 singulars with a plural in between are lost, and {ps} plurals with a singular" in text
    assert f"without 127 it is {other_sp} and {other_ps}" in text
    assert all(round(100 / one[3]) in (5, 6) for one in both) and "With both off, one of five is right" in text
    plural, attracted, singular = right["ObjRel", "PP"], right["ObjRel", "PS"], right["ObjRel", "SP"]
    assert (
        f"Of two plurals {plural[0]:.0f} of 100 are right, of a plural with a singular inside {attracted[0]:.0f}"
        in text
    )
    assert plural[1] < plural[0] / 2 and singular[1] > singular[0]
