"""Sentences of the walkthrough that its numbers could deny, counted anew from the data that is kept with it."""

import re
from pathlib import Path

import numpy as np
import pytest

from minilstm import load
from minilstm.analyses.exchange import exchange, normalized_effect
from minilstm.analyses.milestones import milestones
from minilstm.analyses.patching import patching
from minilstm.analyses.tables import read_csv
from minilstm.report.ledger import LATER
from minilstm.stimuli import na_tasks, pairs
from minilstm.verification.mistakes import single_mistakes, unpaired_mistakes
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
    orders = [name for name in unpaired_mistakes(problem) if re.fullmatch("gate order( [ifog]){4}", name)]
    assert f"each of the {len(orders)} wrong orders among them" in prose(13)
    assert "several hundred known mistakes" in prose(13)
    assert 200 <= len(single_mistakes(problem)) + len(unpaired_mistakes(problem)) < 1000
    assert "both between -1 and 1: True\nwith equal weights both are the same: True" in output(13)


def test_19_the_learned_direction():
    text = prose(19)

    def rows(name):
        lines = re.findall(rf"^{name} +(\d.*)$", output(19), re.MULTILINE)
        return [[float(number) for number in re.findall(r"[\d.]+", line)] for line in lines]

    learned, cosines = rows("learned"), rows("cosine with the means")
    planted, mini, english = learned
    assert cosines[0][-1] == 1 and "is the same two units before the verb" in text
    assert min(planted[:-1]) > 140 and "At the words before, it moves the verb too far" in text
    assert min(cosines[1]) > 0.9 and "almost the direction that was fitted to the cells" in text
    assert f"with the difference of the means is {min(cosines[2]):.2f} or more" in text
    by_lot = np.sqrt(2 / (np.pi * load("english").sizes[-1]))  # the mean of |cosine| in so many dimensions
    assert f"two directions drawn by lot have one of {by_lot:.2f}" in text
    assert f"it moves the verb up to {max(english) - 100:.0f} % too far" in text
    rests = re.findall(r"^learned .*%\n(.*)$", output(19), re.M)[2]
    assert rests.count("unit 416") == 4 and "The learned direction rests on the same unit" in text


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


def numbers(line):
    """The numbers of a line behind its name."""
    return np.array(re.findall(r"(?<=\s)-?[\d.]+(?=\s|$)", re.sub(r"^\S+", "", line)), float)


def blocks(number, begin):
    """The output of a script in parts, each from a line that begins so."""
    return re.split(rf"^(?={begin})", output(number), flags=re.MULTILINE)[1:]


def grids(number):
    """Of script 18: for each network {variable: (units, words) array}."""
    found = []
    for part in blocks(number, "unit "):
        units = part.split("\n")[0].split()[1:]
        rows = {
            line.split()[0]: numbers(line) for line in part.splitlines() if re.match(r"(C_tilde|[ifoCh]) .*\.\d$", line)
        }
        found.append({name: row.reshape(len(units), -1) for name, row in rows.items()})
    return found


def test_18_the_planted_circuit():
    planted, text = grids(18)[0], prose(18)
    assert "of the plural noun, unit 71 writes what a plural would have it write" in text
    assert 95 < planted["C_tilde"][0, 0] < 100 and "the verb follows nearly all the way" in text
    assert 45 < planted["i"][0, 0] < 55 and "the network is half way" in text
    assert planted["i"][1, 0] < -40 and "moves the verb the other way" in text
    assert (
        np.abs(planted["C"] - 50).max() < 1
        and "the number is in both cells, half in each, and at no word in a gate" in text
    )
    assert all(np.abs(planted[gate][:, 1:]).max() < 2 for gate in "ifo")
    assert np.abs(planted["h"][:, :3]).max() < 2 and np.abs(planted["h"][:, 3] - 50).max() < 1
    assert "before the verb, not sooner, it is in h" in text


def test_18_mini_and_english():
    _, singular, plural, english = grids(18)
    text, printed = prose(18), output(18)
    largest = {line.split()[0]: line for line in printed.splitlines() if " R2 " in line}
    best = {
        name: re.search(r"unit (\d+) at (\w+) +([\d.]+) % exactly, +([\d.]+) %", line).groups()
        for name, line in largest.items()
    }
    assert "largest effects: 24 29" in printed and "One unit, 24, does it for both numbers" in text
    for grid in (singular, plural):
        assert grid["C_tilde"][0].argmax() == 0 and grid["C"].min() > 60 and grid["h"][0].argmax() == 3
        assert max(np.abs(grid[gate]).max() for gate in "ifo") < 1 and "No gate of unit 24 says the number" in text
    assert best["f"][:2] == ("29", "prep") and float(best["f"][2]) > 20 > 5 > max(float(best[gate][2]) for gate in "io")
    assert "One gate of another unit does say it: the forget gate of 29 at the preposition" in text
    assert "candidate, mostly at the subject, the cell from then on, h before the verb" in text
    first, *second = (dict(zip(english, values, strict=True)) for values in zip(*english.values(), strict=True))
    assert "Unit 234 is in the first layer: it hands the number on as h within the same word, and keeps nothing" in text
    assert first["h"][0] > 50 and max(np.abs(values[1:]).max() for values in first.values()) < 1
    assert (
        "Units 276 and 416 of the second layer write it by C~ and hold it in C up to the verb, where it is in h" in text
    )
    for unit in second:
        assert (
            unit["C_tilde"].argmax() == 0 and unit["C_tilde"][0] > 20 and np.ptp(unit["C"]) < 5 < 20 < unit["C"].min()
        )
        assert unit["h"][3] > 20 and np.abs(unit["h"][:3]).max() < 5
        assert max(np.abs(unit[gate]).max() for gate in "ifo") < 5 and "gates i, f and o hardly move anything" in text
    exactly, linear = map(float, best["C"][2:])
    assert 0.4 < linear / exactly < 0.6 and "of the largest effect of C it sees about half" in text
    exactly, linear = map(float, best["h"][2:])
    assert abs(exactly - linear) < 0.2 and "there both agree" in text


def test_18_what_it_does_not_print():
    """Unit 29 keeps a part of the number from the preposition on, and the gradient takes it for more than it is."""
    items = na_tasks(tasks=["nounPP"], n=10)
    model = load("mini")
    moved = []
    for at in range(4):
        patched, intact, source = exchange(model, *pairs(items), [(29,)], "C", at)
        moved.append(100 * normalized_effect(intact, patched, source)[0])
    assert abs(moved[0]) < 5 and min(moved[1:]) > 10 and "a part of the number is in the cell of 29 too" in prose(18)
    learned = patching(model, items)
    largest = {how: np.argsort(-np.abs(learned.mean("C", "S", how)[1:]))[:, :2] + 1 for how in ("exact", "gradient")}
    assert (largest["exact"] == [24, 29]).all() and (largest["gradient"] == [29, 24]).all()
    assert "The gradient finds the units that matter, but not in their order" in prose(18)
    assert "after singular subjects it puts unit 29 before 24" in prose(18)


def ways(number):
    """Of script 19: for each network {what is exchanged: percent of the way at each word}, and units by direction."""
    found = []
    for part in blocks(number, " {20,}N1"):
        lines = [line for line in part.splitlines() if line.rstrip().endswith("%")]
        moved, units, last = {}, {}, ""
        for line in lines:
            if line.startswith(" "):
                units.setdefault(last, []).append(
                    [(int(unit), int(share)) for unit, share in re.findall(r"unit (\d+) (\d+) %", line)]
                )
            else:
                last = line[:22].strip()
                moved[last] = np.array(re.findall(r"-?[\d.]+(?= %)", line[22:]), float)
        found.append((moved, units))
    return found


def test_19_directions():
    text = prose(19)
    (planted, units), (mini, of_mini), (english, of_english) = ways(19)
    assert {units["difference of means"][rank][-1] for rank in (0, 1)} == {(71, 50), (72, 50)}
    assert "before the verb the difference of the means is these two and nothing else" in text
    assert planted["difference of means"].min() > 99 and np.abs(planted["best unit"] - 50).max() < 1
    assert "It moves everything; the best single unit moves half" in text
    sooner = {unit for rank in (0, 1) for unit, _ in units["difference of means"][rank][:3]}
    assert (
        sooner == {76, 77}
        and "Until the second noun, two short-range units hold the number of the first as well" in text
    )
    assert all(0.6 < moved / 100 < 0.75 for moved in mini["best unit"]) and mini["difference of means"].min() > 95
    assert "Unit 24 alone moves the verb about two thirds of the way, the difference of the means all of it" in text
    assert {unit for unit, _ in of_mini["difference of means"][0]} == {24} and "it has the largest part of the" in text
    assert mini["LDA"][1:].max() < 10 and "After the subject, moving the cell along it moves next to nothing" in text
    decoded = re.findall(r"(.+): number decoded in ([\d.]+) %", output(19))
    assert ("LDA", "100.0") in decoded and "It does, without an error" in text
    assert (
        english["difference of means"].min() > 90
        and "one direction carries the number, one unit about six tenths" in text
    )
    assert np.abs(english["best unit"] - 60).max() < 2
    (_, first), *_, (unit, last) = of_english["difference of means"][0]
    assert first < 20 and "At the subject the direction is spread over many units" in text
    assert unit == 416 and last > 50 and "before the verb more than half of it is unit 416" in text


def test_20_paths():
    text, parts = prose(20), blocks(20, r"(?:planted|mini|english), [\d,]+ paths")
    planted, mini, english = ([line for line in part.split("\nmini, unit")[0].splitlines() if line] for part in parts)
    primary = "C~1 C1 | C1 | C1 | C1 h1", "C~1 C1 h1 C~2 C2 | C2 | C2 | C2 h2"

    def found(lines, condition):
        """The strongest path, the next one, each with its influence; the influence by unit on the primary path."""
        rows = [re.match(rf"{condition}  (.*?) +(-?[\d.]+) +(-?[\d.]+) +[\d.]+$", line) for line in lines]
        (first, next_one) = [(row[1], float(row[2])) for row in rows if row]
        (line,) = (line for line in lines if line.startswith(f"{condition}: "))
        return first, next_one, {int(unit): float(value) for unit, value in re.findall(r"unit (\d+) (-?[\d.]+)", line)}

    assert planted[0] == "planted, 6,946 paths" and "The primary path is first of 6,946" in text
    for condition in ("SP", "PS"):
        (path, influence), (other, against), units = found(planted, condition)
        assert path == primary[1] and set(list(units)[:2]) == {71, 72}
        assert all(0.45 < units[unit] / influence < 0.55 for unit in (71, 72)) and "each has half of the path" in text
        assert " i2 " in other and against < 0 and "The path through i, against, makes up for it" in text
        (path, influence), _, units = found(mini, condition)
        assert path == primary[0] and list(units)[0] == 24 and units[24] > 0.8 * influence
        (path, influence), _, units = found(english, condition)
        assert path == primary[1] and list(units)[:2] == [416, 276]
        assert (units[276] > influence / 5) == (condition == "PS")
    assert "one unit has nearly all of it: 24, for both numbers" in text
    assert re.search(r"unit 23 on the primary path: SP -?0\.00 PS -?0\.00", output(20))
    assert "a singular goes by unit 416, a plural by 416 and 276" in text


def test_20_cutting_the_path():
    text = prose(20)
    tables = output(20).split("% right")[1:]
    mini, english = (
        {line[:2]: numbers(line) for line in table.splitlines() if re.match("[SP]{2} ", line)} for table in tables
    )
    assert all(row[2] == 100 for table in (mini, english) for row in table.values())  # with the first path only
    assert "With the subject's path only, nothing is lost" in text
    assert {condition: row[1] for condition, row in mini.items()} == {"SS": 100, "SP": 0, "PS": 0, "PP": 100}
    assert "the second noun decides in mini, and wherever it has the other number the verb is wrong" in text
    assert english["SS"][1] == 100 and english["PS"][1] == 0 and all(30 < english[c][1] < 70 for c in ("SP", "PP"))
    assert "then expects a singular after a singular, and after a plural one or the other" in text
    (claim,) = (claim for claim in LATER if "70 %" in claim.paper or "70" in re.findall(r"\d+", claim.paper))
    assert {"70", "51"} <= set(re.findall(r"\d+", claim.paper))
    assert "70 % are right with the subject's path only, 51 % without it" in text


def test_23_decomposition():
    text, printed = prose(23), output(23)
    shares = [
        numbers(line.partition("=")[2].replace("+", " ")) for line in printed.splitlines() if line.startswith("tanh")
    ]
    assert (
        shares[1][0] == shares[1][1]
        and shares[0][0] == 0.96
        and "half and half, though each alone would reach .96" in text
    )
    rows = {
        line.split()[0]: numbers(line)
        for line in printed.splitlines()
        if re.match(r"(\(before\)|The|keys|to|the|cabinet)( +-?[\d.]+){4}$", line)
    }
    margin = {row[3] for row in rows.values()}
    assert len(rows) == 6 and len(margin) == 1 and "Every row adds up to the same margin" in text
    assert 1 < rows["keys"][0] / margin.pop() < 1.2 and "*keys* has all of it and a little more" in text
    english, mini = (
        {line[:2]: numbers(line) for line in part.splitlines() if re.match("[SP]{2} ", line)}
        for part in blocks(23, r"(?:english|mini) ")
    )
    before, the, noun, second, intercept = 0, 1, 2, 5, 6
    for table, plural_first, sign in ((english, 1, 1), (mini, -1, -1)):  # sign: of the default, a singular or a plural
        for condition, row in table.items():
            singular = 1 if condition[0] == "S" else -1
            assert (sign * singular * row[[before, the, intercept]] > 0).all()
        argued = [max(table[c][noun] for c in ("SS", "SP")), min(table[c][noun] for c in ("PS", "PP"))][::plural_first]
        assert argued[0] < argued[1]
    assert all(abs(english[c][noun] - 4) < 0.25 for c in ("PS", "PP")) and "about four nats for its own form" in text
    assert max(english[c][noun] for c in ("SS", "SP")) < min(english[c][noun] for c in ("PS", "PP")) / 3
    assert "has less than a third of that" in text and "Plurals are argued for, singulars assumed" in text
    assert "the plural is assumed, and the singular is argued for" in text
    own = {condition: 1 if condition[0] == condition[1] else -1 for condition in english}
    assert (
        all(0 < own[c] * row[second] < 0.5 for c, row in english.items()) and "own number in `english`, weakly" in text
    )
    assert (
        min(own[c] * mini[c][second] for c in ("SS", "PS"))
        > 1.5
        > 0.3
        > max(abs(mini[c][second]) for c in ("SP", "PP"))
    )
    assert "In `mini` it is so strongly where it is a singular, and hardly for anything where it is a plural" in text
