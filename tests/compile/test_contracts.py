"""Contracts: what each family of checks finds and leaves, what it says when it is broken, and how good they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentjit import kit
from agentjit.compile.align import AlignedStep
from agentjit.compile.contract import contract
from agentjit.compile.explaining.finders import json_places
from agentjit.compile.explaining.shape import Sources
from agentjit.compile.invariants.evidence import LIMIT
from agentjit.compile.rendering.checks import content, outcome
from agentjit.contract import Contract
from agentjit.detect.signature import operation
from agentjit.home import Home
from agentjit.observe.importer import import_paths
from agentjit.piece import Binding, Cell, Field_, Finder, JsonPath, Kind, Lines, Text
from agentjit.store import Store
from agentjit.trace import Episode, ToolCall
from tests.compile import families
from tests.compile.promising import material
from tests.compile.scores import alarms, repeated, score
from tests.compile.test_families import compiled

ANYTHING = (Kind(expression="(?s).*"),)
NAME = Cell(column=0, where=((1, Text(text="Failed")),))


def step(outputs: Sequence[str], line: str = "cat x", exits: Sequence[int] = (0,)) -> AlignedStep:
    """A step that printed `outputs`, one in each trace."""
    operations = tuple(
        operation(ToolCall(str(i), "Bash", {"command": line}, text, True, exits[i % len(exits)], 0.0, cwd="/w"))
        for i, text in enumerate(outputs)
    )
    return AlignedStep("script", operations, (), line, operations[-1].line)


def inferred(
    outputs: Sequence[str],
    taken: Finder | None = None,
    known: Sources | None = None,
    *,
    verdict: bool = False,
    line: str = "cat x",
) -> Contract:
    """The contract of a step of which `taken` is taken, and that knows the values `known`."""
    bindings = (Binding(name="value", finders=(taken,), pattern=ANYTHING, many=taken.by == "lines"),) if taken else ()
    return contract(step(outputs, line), bindings, known or {}, verdict=verdict)


def reason(made: Contract, output: str, exit_code: int = 0, cwd: str = "", **values: str) -> str:
    """Why the program's own check refuses an output, "" if it does not."""
    checks = ", ".join(map(str, (*outcome(made), *content(made))))
    try:
        eval(f"ensure(result, {checks})", {**vars(kit), **values, "result": kit.Result(output, exit_code, 0.0, cwd)})
    except kit.Deviation as deviation:
        return str(deviation)
    return ""


def texts(form: str, *rows: tuple[object, ...]) -> list[str]:
    return [form % row for row in rows]


USERS = [
    json.dumps(
        {"total": n, "ready": n, "wanted": n + i % 2, "items": [{"id": f"u-{j + n}", "age": j + n} for j in range(n)]}
    )
    for i, n in enumerate((3, 1, 4, 1, 5, 9, 2, 6))
]
FIRST = JsonPath(path=("items", 0, "id"))


# --- what holds, and what is said when it does not


@pytest.mark.parametrize(
    ("outputs", "taken", "changed", "told"),
    [
        # JSON: keys, types, signs, items that are all alike, relations
        (USERS, FIRST, '{"total": 1, "items": []}', "'items,ready,total,wanted' at keys at JSON path []"),
        (
            USERS,
            FIRST,
            USERS[0].replace('"age": 5', '"age": "2"'),
            "a whole number not below 0 at JSON path ['items', 2",
        ),
        (USERS, FIRST, USERS[0].replace('"age": 5', '"age": -2'), "a whole number not below 0"),
        (USERS, FIRST, USERS[0].replace('"age": 5', '"age": true'), "saw true"),
        (USERS, FIRST, USERS[0].replace('"age": 5', '"years": 2'), "'age,id' at keys at JSON path ['items', 2]"),
        (
            USERS,
            FIRST,
            USERS[0].replace('": 3, ', '": 4, ', 3),
            "to be the number of JSON path ['items', every",
        ),
        (USERS, FIRST, USERS[0].replace('"ready": 3', '"ready": 2'), "JSON path ['total'] to be the same as"),
        (USERS, FIRST, USERS[0].replace('"wanted": 3', '"wanted": 2'), "to be at most JSON path ['wanted']"),
        (USERS, FIRST, "[1]", "saw [1]"),
        (USERS, FIRST, "<html>", "expected a JSON text, saw '<html>'"),
        (USERS, FIRST, "", "expected a JSON text"),
        # tables: cells in a row, words, forms
        (
            [f"NAME STATE\na{i} Ok\nb{i} Failed" for i in range(5)],
            NAME,
            "NAME STATE\na Ok\nb",
            "expected 2 columns in each row, saw 1 in 'b'",
        ),
        (
            [f"NAME READY\na{i} {i}/{i}\nFailed Failed".replace("Failed Failed", f"x{i} 7/7") for i in range(5)],
            Cell(column=0, row=1),
            "NAME READY\na 3/3\nx 6/7",
            "cells like ([0-9]+)/\\1 in column 1, saw '6/7'",
        ),
        # lines: a message, and what a line begins and ends with
        (
            [
                *(f"{'x ' * i}\n" * i + "All checks passed!\n" for i in range(1, 6)),
            ],
            None,
            "x\nx x\nNo checks passed!",
            "expected a line like All checks passed!",
        ),
        (
            ["request took a while", "request was cut off by peer", "request ok", "request went on and on"],
            None,
            "reply ok",
            "expected a line like request .+, saw 'reply ok'",
        ),
        (
            ["request took a while", "request was cut off by peer", "request ok", "request went on and on"],
            None,
            "request ok\nrequest ok",
            "expected 1 lines, saw 2",
        ),
        # numbers that are equal, numbers in a range
        (
            texts("web: %d/%d up", (3, 3), (1, 1), (5, 5), (4, 4), (2, 2)),
            None,
            "web: 3/4 up",
            "two equal numbers, saw 3 and 4",
        ),
    ],
)
def test_a_broken_promise(outputs: list[str], taken: Finder | None, changed: str, told: str) -> None:
    made = inferred(outputs, taken)
    assert not [reason(made, output) for output in outputs if reason(made, output)]
    assert told in reason(made, changed)
    assert all(each.seen > 0 for each in made.evidence)


@pytest.mark.parametrize(
    ("outputs", "taken", "changed"),
    [
        # a key that was not always there, a map, a number of another size, a list of another length
        (
            [json.dumps({"id": f"a{i}", **({"note": "x"} if i % 2 else {})}) for i in range(5)],
            JsonPath(path=("id",)),
            '{"id": "b", "extra": 1}',
        ),
        (
            [json.dumps({"id": f"a{i}", "by": {f"k{i}": i}}) for i in range(5)],
            JsonPath(path=("id",)),
            '{"id": "b", "by": {}}',
        ),
        (USERS, FIRST, json.dumps({"total": 12, "ready": 12, "wanted": 12, "items": [{"id": "z", "age": 900}] * 12})),
        # two times are the same until they are not
        (
            [
                json.dumps({"id": f"a{i}", "made": f"2026-01-0{i}T10:00:00Z", "seen": f"2026-01-0{i}T10:00:00Z"})
                for i in range(1, 6)
            ],
            JsonPath(path=("id",)),
            '{"id": "b", "made": "2026-01-07T10:00:00Z", "seen": "2026-01-08T10:00:00Z"}',
        ),
        # another age, another number of rows
        (
            [f"NAME AGE\na{i} {i + 1}d\nb{i} 3d" for i in range(5)],
            Cell(column=0, row=1),
            "NAME AGE\nc 9d\n" + "d 1d\n" * 9,
        ),
        # items of a list are no messages, and two or three traces promise little
        (["M a/b.py\nM c/d.py\nx", "M a/b.py\nM c/d.py"], None, "M e/f.py"),
        (["?? out/a.log\n M b", "?? out/a.log", "?? out/a.log\n M c\n M d"], None, "?? out/b.log"),
        # how long the command itself took, in whatever unit
        (texts("ran %d tests [%d.00ms]", (7, 90), (8, 95), (9, 80)), None, "ran 8 tests [1.61s]"),
        (texts("web 1.%d.%d is up", (2, 3), (4, 1), (3, 7), (3, 9)), None, "web 1.12.0 is up"),
    ],
)
def test_honest_variation(outputs: list[str], taken: Finder | None, changed: str) -> None:
    made = inferred(outputs, taken)
    assert not [reason(made, output) for output in (*outputs, changed) if reason(made, output)]


def test_a_verdict_is_given_over_numbers_like_those_seen() -> None:
    """`All services are fine.`: a count may drift by three in a hundred, a share may not."""
    counted = inferred(texts("checked %d files, fine", *((n,) for n in (267, 272, 270, 275))), verdict=True)
    assert not reason(counted, "checked 280 files, fine")
    assert "a number from" in reason(counted, "checked 300 files, fine")
    share = inferred(texts("used %d%%", *((n,) for n in (45, 61, 50, 52))), verdict=True)
    assert "a number from 45 to 61" in reason(share, "used 62%")
    long = [json.dumps({"used": n, "disks": [{"n": n + i} for i in range(90)]}) for n in (41, 47, 44, 45, 42)]
    assert "a whole number from" in reason(inferred(long, verdict=True), long[0].replace('"used": 41', '"used": 99'))


def test_a_single_item_is_no_list() -> None:
    outputs = [json.dumps({"items": [{"id": f"u-{i}", "name": f"n{i}", "state": "on"}]}) for i in range(5)]
    way = JsonPath(path=("items", Field_(key="name", value=Text(text="n")), "id"))
    made = inferred(outputs, JsonPath(path=("items", 0, "id")), {"name": tuple(f"n{i}" for i in range(5))})
    assert way.path and not made.holds
    assert reason(made, outputs[0], name="n0") == ""
    assert "'n0' at JSON path ['items', 0, 'name']" in reason(made, outputs[1], name="n0")
    assert "'on' at JSON path" in reason(made, outputs[0].replace("on", "off"), name="n0")
    assert "1 items at JSON path ['items']" in reason(made, '{"items": [{}, {}]}', name="n0")


def test_items_that_all_say_a_known_value() -> None:
    """What every row, item or line says of the place that was asked about, it must say of another place too."""
    zones = ("demo", "prod", "lab", "qa")
    lines = ["\n".join(f"node/{zone}-{n}f" for n in range(i + 1)) for i, zone in enumerate(zones)]
    made = inferred(lines, Lines(), {"zone": zones})
    assert reason(made, "node/zed-1\nnode/zed-77c", zone="zed") == ""
    assert "every line like node/zed-.+, saw 'node/demo-1f'" in reason(made, "node/zed-1\nnode/demo-1f", zone="zed")
    tables = ["ZONE POD\n" + "\n".join(f"{zone} p-{n}" for n in range(i + 2)) for i, zone in enumerate(zones)]
    made = inferred(tables, Cell(column=1, row=1), {"zone": zones})
    assert reason(made, "ZONE POD\nzed p-9\nzed p-1", zone="zed") == ""
    assert "cells like zed in column 0, saw 'demo'" in reason(made, "ZONE POD\nzed p-9\ndemo p-1", zone="zed")
    items = [json.dumps([{"zone": zone, "id": f"p-{n}"} for n in range(i + 2)]) for i, zone in enumerate(zones)]
    made = inferred(items, JsonPath(path=(0, "id")), {"zone": zones})
    assert reason(made, items[0], zone="demo") == ""
    assert "'zed' at JSON path [0, 'zone'], saw 'demo'" in reason(made, items[0], zone="zed")


def test_chance_decides() -> None:
    """Three traces that agree are a promise, two are not; what is promised says how probable it was."""
    few, more = (
        inferred(["a b c\nAll is well here", "Looks quite good\n1\n2\nAll is well here", "All is well here"][:n])
        for n in (2, 3)
    )
    assert not few.says
    assert more.says
    for made in (more, inferred(USERS, FIRST)):
        assert all(
            0 <= each.chance <= LIMIT
            for each in made.evidence
            if each.check not in ("exit status", "no word of trouble")
        )
    assert {each.check for each in inferred(USERS, FIRST).evidence} >= {
        "exit status",
        "form of JSON",
        "equal",
        "counts",
        "at most",
    }


def test_a_long_object_stays_short() -> None:
    """A program is read on one screen: what is far from the value that is taken is left untold."""
    wide = [json.dumps({f"key{i}": {"a": i, "b": n, "c": [1, 2]} for i in range(60)}) for n in range(5)]
    made = inferred(wide, JsonPath(path=("key3", "b")))
    assert len(made.holds) <= 16
    assert "key3" in str(made.holds[0])
    deep = [json.dumps({"id": n, "spec": {"a": {f"k{i}": {"v": i} for i in range(30)}, "b": n}}) for n in range(5)]
    form = inferred(deep, JsonPath(path=("id",))).form
    assert form and len(str(form)) < 2000
    assert reason(inferred(deep, JsonPath(path=("id",))), deep[0]) == ""


# --- foreign texts


@pytest.mark.parametrize(
    "noise",
    [
        lambda text: f"\x1b[32m{text}\x1b[0m",
        lambda text: text.replace("\n", "\r\n") + "\r\n",
        lambda text: "10%\r50%\r" + text,
        lambda text: f"\x1b]0;title\x07{text}\n\n",
    ],
)
def test_what_a_terminal_shows_counts(noise: object) -> None:
    assert callable(noise)
    for outputs in (["state: ok\nsteps: 3", "state: ok\nsteps: 4", "state: ok\nsteps: 9"], USERS):
        made = inferred(outputs, FIRST if outputs is USERS else None)
        assert reason(made, noise(outputs[1])) == ""
        assert (
            reason(inferred([noise(output) for output in outputs], FIRST if outputs is USERS else None), outputs[0])
            == ""
        )


@pytest.mark.parametrize(
    "text",
    ["\0\1\2", "\ud800", "[" * 5000, '{"a": NaN}', '{"a": 1' + "0" * 400 + "}", "é" * 70_000, "{}", "[]", "null"],
)
def test_foreign_outputs_are_refused_not_feared(text: str) -> None:
    for made in (inferred(USERS, FIRST), inferred([f"NAME STATE\na{i} Failed\nb Failed" for i in range(5)], NAME)):
        assert reason(made, text)
    alike = inferred([text] * 5)
    assert reason(alike, text) == ""


def test_an_output_that_was_cut_off_promises_no_end() -> None:
    cut = ["NAME STATE\n" + f"a{i} Ok\n" * 6000 for i in range(5)]
    made = inferred([text[:30_000] for text in cut], Cell(column=0, row=1))
    assert made.header and not made.columns
    assert reason(made, "NAME STATE\nb Ok") == ""


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
WORDS = st.lists(st.sampled_from("the job is done 3 12 4.5 1.2.3 2026-01-02 [9ms] ok: no yes".split()), max_size=8)
LINES = st.lists(
    st.sampled_from(["NAME STATE", "a Ok", "b 3/3", "c 2/2 x", "All is well", "3 of 3", "", "\r", "\x1b[m"])
)


KINDS = (JSONS.map(json.dumps), LINES.map("\n".join), WORDS.map(" ".join), st.text(max_size=40))
OUTPUTS = st.one_of(
    *(st.lists(kind, min_size=3, max_size=6) for kind in KINDS), st.lists(st.one_of(*KINDS), min_size=3)
)


@settings(max_examples=200, deadline=None)
@given(OUTPUTS, st.booleans(), st.booleans())
def test_every_trace_keeps_its_own_contract(outputs: list[str], verdict: bool, known: bool) -> None:
    """Whatever was printed: what is inferred and rendered is true of what it was inferred from."""
    names = [f"n{i}" for i in range(len(outputs))]
    texts = [f"{name} {output}" if known else output for name, output in zip(names, outputs, strict=True)]
    places = [place for place in json_places(texts[0]) if isinstance(place, JsonPath)]
    for taken in (None, *places[:1], Cell(column=0, row=1), Lines()):
        made = inferred(texts, taken, {"x": tuple(names)}, verdict=verdict)
        for name, text in zip(names, texts, strict=True):
            assert not reason(made, text, x=name)


# --- files


@pytest.mark.parametrize(
    ("line", "made"),
    [
        ("./build > build.log 2>&1; tail -1 build.log", ["build.log"]),
        ("mkdir -p out; ./fill", ["out"]),
        ("cp a.txt b.txt; wc -l *", ["b.txt"]),
        ("./report | tee report.txt | tail -1", ["report.txt"]),
        ("cp a.txt b.txt && wc -l b.txt", []),  # its exit status says so
        ("mkdir out", []),
        ("cd sub; touch x; ls", []),  # somewhere else
        ("touch x; rm x; ls", []),
        ("true || touch x; ls", []),
        ("./a > /dev/null; ls", []),
    ],
)
def test_files_that_a_command_leaves_behind(line: str, made: list[str], tmp_path: Path) -> None:
    promised = inferred(["fine"] * 4, line=line)
    assert ["".join(piece.text for piece in path if isinstance(piece, Text)) for path in promised.exists] == made
    assert reason(promised, "fine") == "", "in a trace nothing is looked up"
    for name in made:
        assert f"expected a file {name}, saw none" in reason(promised, "fine", cwd=str(tmp_path))
        (tmp_path / name).write_text("")
    assert reason(promised, "fine", cwd=str(tmp_path)) == ""


# --- how good they are


MATERIAL = material(vars(families))


@pytest.mark.parametrize("family", MATERIAL)
def test_mutants_are_caught(family: str) -> None:
    """A changed output is handed back, or answered as it should be; `python -m bench.contracts` prints the table."""
    history, rows, truth = MATERIAL[family]
    for episode, row in zip(history, rows, strict=True):
        assert truth(row, [call.output for call in episode.calls]) == (episode.final or "").strip()
    found = score(family, compiled(history), history, rows, truth)
    assert sum(found.tried.values()) >= 60
    least = {"threehop": 0.86}.get(family, 1.0)  # there, one log line quotes another's words: not compared
    assert found.share >= least, found.missed[:5]


def test_honest_outputs_of_real_commands_do_not_alarm(corpus: Path, tmp_path: Path) -> None:
    sources: list[list[Episode]] = []
    for source in ("claude-code", "codex", "copilot-cli", "gemini-cli", "opencode"):
        home = Home(str(tmp_path / source))
        home.ensure()
        import_paths(home, [corpus / source], {"HOME": "/nonexistent"})
        with Store.open(home, write=False) as store:
            sources.append(store.episodes())
    same = [group for episodes in sources for group in repeated(episodes)]
    alike = [group for episodes in sources for group in repeated(episodes, alike=True)]
    found = [alarms(same, quoted=False), alarms(same, quoted=False, verdict=True), alarms(same, quoted=True)]
    tried, refused = sum(each.tried for each in found), sum(each.refused for each in found)
    assert tried >= 100
    assert refused <= 0.03 * tried, [example for each in found for example in each.examples]
    assert alarms(alike, quoted=True).refused == 0
