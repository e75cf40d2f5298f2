"""Run the stages of the paper on a model, keep what each found, and take up what is kept and fits.

Every stage has a folder of its own: `found.npz`, what was found with the key of what that depends on, and tables and
figures. `found.npz` is written last, and whole, so a stage that was interrupted is one that was not done. A stage that the
model cannot do leaves nothing but the reason; those that do not rest on it go on.
"""

import hashlib
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..analyses.tables import render
from ..errors import MinilstmError, ModelFileError
from ..io.atomic import write_whole
from .keeping import keep, kept
from .measures import Found
from .provenance import source, versions
from .section import Section, not_done
from .stages import STAGES, Stage

FOUND = "found.npz"
REPORT = "report.html", "results.json", "claims.csv"  # what `report.write` makes of all stages
WORDS = {
    "n": "number of sentences",
    "n_random": "number of random sets",
    "linzen": "Linzen set",
    "dtype": "precision",
    "source": "state of this code",
    "versions": "version of a library",
}
SHARED = "n", "seed", "state", "lexicon", "unknown", "kind"  # options that every stage depends on


@dataclass(frozen=True, eq=False)
class Result:
    """What a stage left behind.

    Attributes
    ----------
    stage : stages.Stage
    found : object
        What it measured; None if it could not be done.
    section : section.Section
    seconds : float
        How long that took, whenever that was.
    date : str
        When it was measured.
    again : bool
        Whether it was taken from the folder.
    why : str
        If what is in the folder was not taken: why not.
    undone : str
        If it could not be done: why not.
    """

    stage: Stage
    found: object
    section: Section
    seconds: float
    date: str
    again: bool
    why: str
    undone: str


def key_of(study, stage):
    """What the result of a stage depends on: it serves another run with an equal key, and no other."""
    key = {"stage": stage.name, "model": study.fingerprint, "dtype": str(study.model.dtype)}
    key |= {name: getattr(study, name) for name in (*SHARED, *stage.options)}
    if "linzen" in key:
        key["linzen"] = hashlib.sha256(repr(study.linzen).encode()).hexdigest()
    return key | {"versions": versions(), "source": source()}


def run(study, folder, stages=STAGES, fresh=False, done=lambda result: None):
    """Run all stages, or take them from `folder`.

    Parameters
    ----------
    study : study.Study
    folder : str or Path
        Made if it is not there. What other models or options left in it is deleted first.
    stages : sequence of stages.Stage
    fresh : bool
        Take nothing from the folder.
    done : callable
        Is called with each Result as it comes.

    Returns
    -------
    list of Result

    Raises
    ------
    MinilstmError
        If the folder cannot be written, or not even the first stage can be done.
    """
    folder = Path(folder)
    keys = {stage.name: key_of(study, stage) for stage in stages}
    there = {stage.name: _look(folder / stage.name / FOUND, keys[stage.name], fresh) for stage in stages}
    try:
        for stage in stages:
            (folder / stage.name).mkdir(parents=True, exist_ok=True)
        for name, (value, _) in there.items():
            if value is None:
                _clear(folder, name)
    except OSError as error:
        raise MinilstmError(f"{error.filename}: cannot be written ({error.strerror})") from None
    results, found = [], Found()
    for stage in stages:
        value, why = there[stage.name]
        again = value is not None
        if again:
            found[stage.name] = value["found"]
        else:
            start = time.perf_counter()
            with found.attempt(stage.name):
                found[stage.name] = stage.measure(study, found)
                section = stage.show(study, found)
            seconds, date = time.perf_counter() - start, datetime.now(UTC).isoformat(" ", "seconds")
            value = {"seconds": seconds, "date": date}
            if stage.name in found:
                _write(folder / stage.name, section)
                value |= {"found": found[stage.name], "section": section._replace(data=())}
                keep(folder / stage.name / FOUND, keys[stage.name], value)
            else:
                value |= {"found": None, "section": not_done(stage.title, found.undone[stage.name])}
        results.append(Result(stage, **value, again=again, why=why, undone=found.undone.get(stage.name, "")))
        done(results[-1])
    return results


def _look(path, key, fresh):
    """What is kept there and fits `key`, or None; and why not, if something is there."""
    if not path.exists():
        return None, ""
    if fresh:
        return None, "as asked"
    try:
        its_key, value = kept(path)
    except ModelFileError as error:
        return None, f"what was kept is damaged: {error}"
    its_key = its_key if isinstance(its_key, dict) else {}
    other = [WORDS.get(name, name) for name, one in json.loads(json.dumps(key)).items() if its_key.get(name) != one]
    return (None, f"what was kept is of another {', '.join(other)}") if other else (value, "")


def _clear(folder, name):
    """Delete what a stage left, whole or not, and what was made of all stages."""
    left = [
        path
        for path in (folder / name).iterdir()
        if path.suffix in (".npz", ".csv", ".svg") or path.name.startswith(".")
    ]
    for path in (*left, *(folder / name for name in REPORT)):
        path.unlink(missing_ok=True)


def _write(folder, section):
    """Tables and figures of a section as files."""
    texts = {f"{one.name}.csv": render(one.columns, one.rows, "csv") for one in (*section.tables, *section.data)}
    texts |= {f"{one.name}.svg": one.svg for one in section.figures}
    for name, text in texts.items():
        with write_whole(folder / name, "w") as file:
            file.write(text + "\n")
