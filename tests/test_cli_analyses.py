"""The commands of the analyses: what they print, draw, and answer to bad input; on the planted circuit."""

import csv
import io
import json

import pytest
from small_model import small_model

from minilstm import load, planted
from minilstm.analyses.dynamics import VARIABLES, dynamics
from minilstm.analyses.efferent_weights import efferents, segregation
from minilstm.cli.main import main
from minilstm.stimuli import CONDITIONS, na_task

SINGULAR, PLURAL, SYNTAX = list(planted.UNITS.values())[:3]
SHORT = [planted.UNITS[f"short-range {k}"] for k in (1, 2)]


@pytest.fixture(autouse=True)
def nothing_cached(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys):
    """A function that runs a command on the planted network and returns what it printed."""

    def command(name, *arguments, code=0, n=8):
        assert main([name, "--model", "planted", "--n", str(n), *map(str, arguments)]) == code
        return capsys.readouterr()

    return command


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def written(folder):
    return {file.name for file in folder.iterdir()}


def test_decode_finds_the_planted_short_range_units(run, tmp_path):
    printed = run("decode", "--out", tmp_path / "new", n=16).out
    assert f"Short-range units by the authors' rule: units {SHORT[0]} and {SHORT[1]}." in " ".join(printed.split())
    lines = {tuple(line.split()[:3]): line.split() for line in printed.splitlines() if line.startswith("unit ")}
    assert lines["unit", str(SINGULAR), "sentence"][3:8] == ["0.50", "1.00", "1.00", "1.00", "1.00"]
    figures = {f"{name}.png" for name in ("decoding", "matrix_sentence", "matrix_noun")}
    assert written(tmp_path / "new") == figures | {f"{name}.csv" for name in ("decoding", "decoding_sd", "short_range")}
    found = json.loads(run("decode", "--units", 3, "--short", "none", "--json", n=16).out)
    seen = [(row["seen"], row["tested on other"]) for row in found["decoding"]]
    assert seen == [(unit, split) for split in ("sentence", "noun") for unit in ("unit 3", "all units but these")]
    assert found["decoding"][0]["The (0)"] == 0.5 and list(found) == ["decoding", "decoding_sd"]
    said = run("decode", "--random", 5, "--units", 3, "--short", "none").err
    assert "--random: group tests are made by `minilstm ablate --group`" in said


def test_units_are_those_given_or_the_files_or_searched(run):
    assert run("decode", "--short", "none", "--csv").err.startswith("units 71 and 72, as the model's file names them")
    assert run("decode", "--short", "none", "--csv", "--units", "71").err.startswith("unit 71, as given")
    said = run("decode", "--short", "none", "--csv", "--units", "search", n=12).err
    assert said.startswith(f"unit {SINGULAR} (S*) and unit {PLURAL} (P*): searched on odd ids, judged on even ones")


def test_units_of_lower_layers_that_a_file_names_are_not_taken(run, tmp_path):
    """A file may name what costs number anywhere; most analyses are about the last layer."""
    model = load("planted")
    for named, said in (([3, SINGULAR], f"unit {SINGULAR}, as the model's file names them"), ([3], "searched on odd")):
        model.provenance["number_units"] = named
        model.save(tmp_path / "other.npz")
        assert said in run("connect", "--from", SYNTAX, "--model", tmp_path / "other.npz").err


def test_short_range_units_are_chosen_on_the_other_half(run):
    """Where the sentences are those with even ids, as in the report, units are chosen on odd ones."""
    assert "chosen on odd ids" in run("decode", "--half", "even", n=20).out
    assert "chosen on even ids" in run("decode", "--half", "odd", n=20).out
    assert "chosen on" not in run("decode", n=10).out


def test_depth_prints_and_draws(run, tmp_path):
    printed = run("depth", "--out", tmp_path / "new").out
    assert "no word counts" in printed and "syntax units, beyond 3 standard deviations: units 73 and 75" in printed
    assert {"depth.png", "depth.csv"} < written(tmp_path / "new")


def test_connect_finds_the_planted_connections(run):
    out = rows(run("connect", "--from", SYNTAX, "--csv").out)
    marked = {(row["from"], row["onto"], row["gate"]) for row in out if row["outlier"] == "*"}
    assert marked == {(str(SYNTAX), str(unit), gate) for unit in (SINGULAR, PLURAL) for gate in ("i", "f", "o")}
    bare = json.loads(run("connect", "--from", SYNTAX, "--unscaled", "--json").out)
    table = bare["connectivity_bare"]
    found = {(row["gate"], round(row["weight"], 2)) for row in table if row["from"] == SYNTAX}
    assert found >= {("i", -12.0), ("f", 10.0)}


def test_lower_is_for_the_context_of_activity_and_not_for_predictions(run):
    written, lowered = (
        json.loads(run("decode", "--units", SINGULAR, "--short", "none", *flags, "--json").out)
        for flags in ((), ["--lower"])
    )
    assert written["decoding"] != lowered["decoding"]
    assert run("agreement", "--csv").out == run("agreement", "--csv").out


def test_dynamics_prints_tables_and_draws(run, tmp_path):
    printed = run("dynamics", "--out", tmp_path / "a.png", n=6).out
    assert "units 71 and 72" in printed and "from there to the verb" in printed
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_dynamics_says_for_which_number_a_unit_is_compared(run):
    """Unit 71 keeps singulars: its input gate is open for its own number and shut for the other one."""
    printed = run("dynamics", "--units", 71, n=6).out
    assert "  singular  i " in printed and "guess" not in printed
    printed = run("dynamics", "--units", "1,71", n=6).out  # no condition needs unit 1
    assert "A guess: the number for which the cell is further from 0, where" in " ".join(printed.split())
    assert printed.count("(a guess)") == printed.count("   1  ") == 7
    gates = {}
    for number in "SP":
        printed = run("dynamics", "--units", 71, "--number", number, n=6).out
        line = next(line for line in printed.splitlines() if "at the subject, own number" in line)
        gates[number] = float(line.split()[-1])
    assert gates["S"] > 0.9 and gates["P"] < 0.1
    printed = run("dynamics", "--units", "71,72", "--number", "S,P", n=6).out
    assert "guess" not in printed
    assert [line.split()[1] for line in printed.splitlines()[-14:]] == ["singular"] * 7 + ["plural"] * 7


def test_dynamics_for_programs(run):
    out = rows(run("dynamics", "--units", 73, "--csv", n=6).out)
    assert len(out) == len(VARIABLES) * 4 * 7
    items = [item for c in CONDITIONS["nounPP"] for item in na_task("nounPP", c, 6)]
    found = dynamics(load("planted"), items, [73])
    row = next(r for r in out if (r["variable"], r["condition"], r["step"]) == ("C", "PS", "4"))
    assert float(row["mean"]) == found.mean["C"][2, 4, 0] and float(row["sd"]) == found.sd["C"][2, 4, 0]
    assert (row["unit"], row["n"], row["word"]) == ("73", "6", "N2")


def test_dynamics_pools_structures(run, tmp_path):
    arguments = ["--units", 73, "--task", "CoAdv,SubjRel", "--pool", "--out", tmp_path / "b.svg"]
    tables = json.loads(run("dynamics", *arguments, "--json", n=6).out)
    assert {(row["condition"], row["n"]) for row in tables["means"]} == {("CoAdv", 12), ("SubjRel", 24)}
    assert {row["unit"] for row in tables["structures"]} == {73}
    assert "<svg" in (tmp_path / "b.svg").read_text()


def test_sentences_of_ones_own(run, tmp_path):
    own = tmp_path / "own.tsv"
    own.write_text("The boy near the cars\tgreets\tgreet\tmine\nThe girls near the car\tgreet\tgreets\tmine\n")
    printed = run("dynamics", "--stimuli", own, "--out", tmp_path / "c.png")
    assert "mine" in printed.out or "2 sentences" in printed.out
    assert "Fig. 1c" not in printed.out  # a condition that says nothing of numbers


def test_efferents_prints_weights_and_effects(run, tmp_path):
    printed = run("efferents", "--out", tmp_path / "new", n=6).out
    assert "total effect" in printed and {"efferents.png", "shares.png", "efferents.csv"} <= written(tmp_path / "new")
    found = json.loads(run("efferents", "--json", "--units", 73, n=6).out)
    assert [row["unit"] for row in found["efferents"]] == [73, 65, 128]
    assert found["efferents"][0]["segregation"] == pytest.approx(segregation(efferents(load("planted"), [73]))[0])


def test_interchange_prints_and_draws(run, tmp_path):
    group = f"{SINGULAR},{PLURAL}"
    arguments = ["--units", SYNTAX, "--group", group, "--short", "none", "--from", SYNTAX]
    tables = json.loads(run("interchange", *arguments, "--task", "SubjRel", "--json", "--out", tmp_path / "a.png").out)
    table = tables["interchange"]
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert {(row["units"], row["task"]) for row in table} == {("73", "SubjRel"), ("71+72", "SubjRel")}
    assert all(row["once: flips"] == (100 if row["units"] == "71+72" else 0) for row in table)
    both = json.loads(run("interchange", *arguments, "--group", "76,77", "--json").out)["interchange"]
    assert {row["units"] for row in both} == {"73", "71+72", "76+77"}
    only_h = run("interchange", "--units", SINGULAR, "--short", "none", "--from", SYNTAX, "--what", "h", "--csv").out
    assert all(float(row["once: flips"]) == 0 for row in rows(only_h))  # h is not what is stored


def test_units_of_every_kind_that_are_named_are_interchanged(run):
    table = json.loads(run("interchange", "--units", 71, "--short", "76,77", "--from", 73, "--json").out)["interchange"]
    assert {row["units"] for row in table} == {"71", "73", "76+77"}
    table = json.loads(run("interchange", "--units", 71, "--json").out)["interchange"]
    assert {row["units"] for row in table} == {"71"}


def test_votes_prints_and_draws(run, tmp_path):
    printed = " ".join(run("votes", "--out", tmp_path / "v.svg").out.split())
    assert "Long-range: units 71 and 72; short-range: units 76 and 77." in printed
    assert "in 0 of 192 sentences" in printed and "2SubjRel" in printed
    assert "<svg" in (tmp_path / "v.svg").read_text()
    found = json.loads(run("votes", "--short", 76, "--task", "SubjRel", "--json").out)["votes"]
    assert [row["group"] for row in found[:4]] == ["long-range", "short-range", "other units", "bias"]
    assert len(found) == 16 and found[0]["right"] == 8
    assert found[0]["wrong: contribution"] is found[0]["% of gap"] is None
    none = json.loads(run("votes", "--short", "none", "--task", "SubjRel", "--json").out)["votes"]
    assert [row["group"] for row in none[:3]] == ["long-range", "other units", "bias"]


def test_smallest_prints_and_draws(run, tmp_path):
    printed = run("smallest", "--random", 20, "--out", tmp_path / "s.png").out
    assert f"Smallest set found: unit {SYNTAX}." in printed
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")
    tables = json.loads(run("smallest", "--random", 20, "--conditions", "SP", "--interchange", "--json").out)
    (table,) = tables.values()
    assert table[1]["added"] in (SINGULAR, PLURAL) and table[1]["nounPP SP"] == 0


def test_group_tests_say_when_they_cannot_tell(run):
    """Nine random sets allow no p below .05: whatever the group does, nothing follows."""
    tables = json.loads(run("ablate", "--group", "--units", "71,72", "--random", 9, "--json").out)
    assert {row["verdict"] for row in tables["groups_given"]} == {"too few random sets"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dynamics", "--task", "nounpp"], "no task 'nounpp'; there are: Simple"),
        (["dynamics", "--units", "1,2,3", "--number", "S,P"], "one for each of 3 units, got 2"),
        (["dynamics", "--out", "no/such/folder/a.png"], "--out no/such/folder/a.png: cannot be written"),
        (["dynamics", "--units", "200"], "--units: unit 200: this network has units 1 to 128"),
        (["efferents", "--units", "3"], "unit 3 has no weights to words"),
        (["interchange", "--stimuli", "own.tsv"], "conditions that differ in the subject's number"),
        (["votes", "--units", "3", "--short", "76"], "unit 3 has no weights to words"),
        (["smallest", "--conditions", "SP,XY"], "no sentence is in a condition to be lost, XY; see --conditions"),
        (["decode", "--task", "Simple"], "decoding: expected nounPP"),
    ],
)
def test_bad_input_is_named(run, tmp_path, arguments, message):
    (tmp_path / "own.tsv").write_text("The boy near the cars\tgreets\tgreet\tmine\n")
    error = run(*arguments, code=2).err.splitlines()[-1]
    assert error.startswith("minilstm: ") and message in error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dynamics", "--number", "S,X"], "expected S or P, or as S,P one for each unit, got 'S,X'"),
        (["trace", "The boy", "--out", "a.jpg"], "ends in .png or .svg"),
        (["ablate", "--random", "0"], "expected a whole number above 0, got '0'"),
        (["smallest", "--random", "-5"], "expected a whole number above 0, got '-5'"),
        (["decode", "--random", "-3"], "expected a whole number above 0, got '-3'"),
        (["depth", "--random", "0"], "expected a whole number above 0, got '0'"),
        (["decode", "--out", ""], "--out: expected the name of a file or a folder, got an empty one"),
        (["agreement", "--n", "-1"], "expected a whole number above 0, got '-1'"),
        (["agreement", "--seed", "-1"], "--seed: expected a whole number from 0 up, got '-1'"),
        (["interchange", "--most", "0"], "--most: expected a whole number above 0, got '0'"),
        (["reproduce", "--full", "--random", "5"], "argument --random: not allowed with argument --full"),
        (["claims", "--quick", "--random", "5"], "argument --random: not allowed with argument --quick"),
        (["depth", "--from", "none"], "--from: expected unit numbers such as 3,17, got 'none'"),
        (["votes", "--units", "none"], "--units: expected unit numbers such as 3,17, got 'none'"),
        (["decode", "--units", "x"], "expected unit numbers such as 3,17, got 'x'"),
    ],
)
def test_misuse_is_named(run, capsys, arguments, message):
    with pytest.raises(SystemExit, match="2"):
        run(*arguments)
    assert message in capsys.readouterr().err


def test_a_model_whose_file_names_no_units_is_searched(capsys, tmp_path):
    """A random network solves nothing: there are no number units, and what is shown says so."""
    small_model((8, 5)).save(tmp_path / "small.npz")
    code = main(["decode", "--model", str(tmp_path / "small.npz"), "--n", "20"])
    out = capsys.readouterr().out
    assert code == 0 and "No unit qualifies as a long-range number unit" in out


OWN = """prefix\tright\twrong\tcondition
The boys near the car\tgreet\tgreets\tPS
The boy near the cars\tgreets\tgreet\tSP
"""


@pytest.mark.parametrize(
    "arguments, said",
    [
        ("connect --stimuli own.tsv", "--stimuli: Connectivity: this reads no sentences of tasks"),
        ("connect --task nounPP", "--task: Connectivity: this reads no sentences of tasks"),
        ("depth --stimuli own.tsv", "--stimuli: Syntactic depth: this reads no sentences of tasks; --sentences gives"),
        ("depth --task nounPP", "--task: Syntactic depth: this reads no sentences of tasks; --sentences gives"),
        ("reproduce --out x.tsv", "--out x.tsv: expected a folder"),
        ("reproduce --out own.tsv/x", "--out own.tsv/x: cannot be written, own.tsv is a file; expected a folder"),
        ("ablate --out own.tsv/x", "--out own.tsv/x: cannot be written, own.tsv is a file; expected a folder"),
        ("ablate --out no/x.png", "--out no/x.png: cannot be written, there is no folder no"),
        ("agreement --stimuli own.tsv --task nope", "--task nope: give either --task or --stimuli"),
        ("smallest --half odd", "--half odd"),
        ("agreement --kind mean", "--kind: says how --off ablates; no units are given there"),
        ("agreement --stimuli own.tsv --seed 3", "--seed: says which sentences of the tasks are drawn; here they are"),
        ("agreement --stimuli own.tsv --lexicon paper", "--lexicon: says which sentences of the tasks are drawn"),
        ("agreement --linzen own.text --off 3", "--n: --linzen reads the whole set; with --stimuli in its place"),
        ("agreement --linzen own.text --task Simple", "--task: give either that or --linzen"),
        ("agreement --linzen own.text --stimuli own.tsv", "--stimuli: give either that or --linzen"),
        ("ablate --random 5", "--random: goes with --group"),
        ("ablate --linzen own.text", "--linzen: goes with --group"),
        ("ablate --units 3 --random 5", "--random: goes with --group; here every unit is ablated alone"),
        ("ablate --units 3 --short 76", "--short: goes with --group"),
        ("ablate --units 3 --lower", "--lower: is about what is read from gates and cells; nothing here reads them"),
        ("ablate --units 3 --stimuli own.tsv --seed 3", "--seed: says which sentences"),
        ("ablate --short 76", "--short: nothing here reads what it names"),
        ("ablate --lower", "--lower: is about what is read from gates"),
        ("ablate --group --units 71 --short 76", "--short: nothing here reads what it names"),
        ("ablate --group --units 71 --stimuli own.tsv --lexicon paper", "--lexicon: says which sentences"),
        ("dynamics --variable i", "--variable: goes with --pool"),
        ("dynamics --from 73", "--from: nothing here reads what it names"),
        ("dynamics --pool --number P", "--number: nothing here reads it"),
        ("dynamics --pool --units 73 --half odd", "--half: nothing here reads a half of the sentences"),
        ("dynamics --kind mean", "--kind: nothing here reads it"),  # the units are named by the file
        ("dynamics --stimuli own.tsv --seed 3", "--seed: says which sentences"),
        ("depth --from 73 --units 71", "--units: nothing here reads what it names"),
        ("patch --lower", "--lower: is about what is read from gates"),
        ("patch --stimuli own.tsv --lexicon paper", "--lexicon: says which sentences"),
        ("ablate --out x.pdf", "--out x.pdf: expected a folder, or a name that ends in .png or .svg"),
        ("ablate --out x.PNG", "--out x.PNG: expected a folder, or a name that ends in .png or .svg"),
        ("ablate --units 3 --n 2 --out new.png", "--out new.png: there is no figure of this"),
        ("agreement --n 2 --out new.png", "--out new.png: there is no figure of this"),
        (
            "ablate --group --units search --stimuli own.tsv",
            "no sentence has an even id, and units are chosen on the others",
        ),
        ("patch --stimuli own.tsv", "no sentence has an even id, and units are chosen on the others"),
    ],
)
def test_an_option_is_heeded_or_refused(run, tmp_path, arguments, said):
    (tmp_path / "own.tsv").write_text(OWN)
    assert said in run(*arguments.split(), code=2).err
    assert [file.name for file in tmp_path.iterdir()] == ["own.tsv"]


def test_n_of_a_file_is_the_first_of_each_condition(run, tmp_path):
    (tmp_path / "own.tsv").write_text(OWN + "The girls near the car\tgreet\tgreets\tPS\n" * 3)
    ns = [
        {row["condition"]: row["n"] for row in rows(run("agreement", "--stimuli", "own.tsv", "--csv", n=n).out)}
        for n in (2, 9)
    ]
    assert ns == [{"PS": "2", "SP": "1"}, {"PS": "4", "SP": "1"}]


def test_what_ablation_means_where_units_are_searched(run):
    """Held at its mean, another unit is needed most; and the section of the report says so too."""
    found = {
        kind: run("decode", "--short", "none", "--units", "search", "--kind", kind, n=20).err
        for kind in ("paper", "mean")
    }
    assert found["paper"] != found["mean"]


def test_decode_refuses_before_it_prints(run, tmp_path):
    """Without what the command is about, the rest of its section is not shown either."""
    (tmp_path / "own.tsv").write_text(OWN)
    printed = run("decode", "--stimuli", "own.tsv", code=2)
    assert printed.out == ""
    assert printed.err.splitlines()[-1] == (
        "minilstm: decoding: 1 sentence(s) with a plural subject; expected at least 5 of each number"
    )


def test_votes_and_efferents_speak_of_the_sentences_asked_for(run):
    """In Simple nothing stands between subject and verb."""
    said = " ".join(run("votes", "--task", "Simple", "--short", "76").out.split())
    assert "the wrong verb form in 0 of 16 sentences." in said and "etween subject and verb" not in said
    said = " ".join(run("votes", "--task", "Simple,nounPP", "--short", "76", n=2).out.split())
    assert "etween subject and verb" not in said
    said = " ".join(run("votes", "--task", "nounPP", "--short", "76", n=2).out.split())
    assert "with another noun between subject and verb" in said


def test_table_2_explains_the_columns_that_it_has(run, tmp_path):
    (tmp_path / "own.tsv").write_text("The boy\tgreets\tgreet\teasy\nThe boys\tgreet\tgreets\teasy\n")
    said = " ".join(run("ablate", "--stimuli", "own.tsv", "--units", "search").out.split())
    assert "'off'" not in said and "held out" not in said.partition("task condition")[0] and "in SP" not in said
    said = " ".join(run("ablate", "--task", "nounPP", "--units", "search").out.split())
    assert "in SP a plural noun" in said


def test_a_part_without_its_sentences_is_left_out(run):
    """The sentences from which the peak of the syntax unit is read have words that the model does not know."""
    printed = run("depth", "--lexicon", "frequent", code=1)
    assert "The syntax unit: 'gives' is not among the model's 289 words" in printed.err and "R2" in printed.out
    assert "; --unknown '<unk>' reads such a word all the same" in printed.err


def test_a_task_named_twice_is_one(run):
    assert [row["n"] for row in rows(run("agreement", "--task", "Simple,Simple", "--csv").out)] == ["8", "8"]


def test_a_unit_named_twice_is_one(run):
    assert [row["unit"] for row in rows(run("ablate", "--units", "3,3", "--csv").out)] == ["full", "3"]


@pytest.mark.parametrize("command", ["ablate", "agreement", "decode", "score sentences.txt"])
def test_bad_input_leaves_no_folder_behind(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    assert main([*command.split(), "--model", "nowhere", "--out", "new/folder"]) == 2
    assert list(tmp_path.iterdir()) == []
