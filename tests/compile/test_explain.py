"""Where values come from: the simplest true explanation, and none where chance would do."""

from __future__ import annotations

import datetime
import json
import random
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentjit.compile.explaining.closing import closing
from agentjit.compile.explaining.explain import Values
from agentjit.compile.explaining.finders import find
from agentjit.compile.explaining.shape import Vector
from agentjit.compile.explaining.worth import LEVEL, bits, told
from agentjit.compile.naming import value_name
from agentjit.errors import NotCompilable
from agentjit.kit.transform import apply
from agentjit.piece import Argument, Cell, JsonPath, Ref, Text, Whole


def known(environment: Mapping[str, Vector] | None = None, **slots: Vector) -> Values:
    around = dict(environment or {})
    return Values({**slots, **around}, value_name, environment=around)


def shown(argument: Argument | None) -> str:
    """`logs/{basename of path}.log`"""
    if argument is None:
        return "nothing"
    return "".join(
        piece.text if isinstance(piece, Text) else f"{{{''.join(f'{by} of ' for by in piece.by)}{piece.name}}}"
        for piece in argument
    )


def days(*ordinals: int) -> Vector:
    return tuple((datetime.date(2026, 1, 1) + datetime.timedelta(n)).isoformat() for n in ordinals)


PATHS = ("src/UserName.py", "src/lib/OrderItem.py", "app/Cart.py")


@pytest.mark.parametrize(
    ("values", "explained"),
    [
        (("UserName.py", "OrderItem.py", "Cart.py"), "{basename of path}"),
        (("UserName", "OrderItem", "Cart"), "{stem of path}"),
        (("user-name", "order-item", "cart"), "{stem of kebab of path}"),
        (("src", "src/lib", "app"), "{dirname of path}"),
        (("tests/test_UserName.py", "tests/test_OrderItem.py", "tests/test_Cart.py"), "tests/test_{basename of path}"),
        (("logs/UserName.log", "logs/OrderItem.log", "logs/Cart.log"), "logs/{stem of path}.log"),
        (("./src/UserName.py", "./src/lib/OrderItem.py", "./app/Cart.py"), "./{path}"),
        (("UserName.py", "OrderItem.py", "Basket.py"), "nothing"),
    ],
)
def test_another_value_transformed(values: Vector, explained: str) -> None:
    assert shown(known(path=PATHS).explain(values)) == explained


@pytest.mark.parametrize(
    ("source", "values", "explained"),
    [
        (("web", "api", "cart"), ("WEB", "API", "CART"), "{upper of x}"),
        (("user name", "order item", "cart"), ("user_name", "order_item", "cart"), "{snake of x}"),
        (("v1.2.3", "v0.9.9", "v2.0.10"), ("v1.2.4", "v0.9.10", "v2.0.11"), "{next_patch of x}"),
        (("v1.2.3", "v0.9.9", "v2.0.10"), ("1.2.3", "0.9.9", "2.0.10"), "{strip_v of x}"),
        (("v1.2.3", "v0.9.9", "v2.0.10"), ("1.3.0", "0.10.0", "2.1.0"), "{strip_v of next_minor of x}"),
        (("41", "7", "19"), ("42", "8", "20"), "{increment of x}"),
        (("PAY-17", "OPS-4", "WEB-300"), ("17", "4", "300"), "{part:-:-1 of x}"),
        (
            ("ann/shop", "bo/bank", "cy/mail"),
            ("git@h:ann/shop.git", "git@h:bo/bank.git", "git@h:cy/mail.git"),
            "git@h:{x}.git",
        ),
        (("WEB", "API", "CART"), ("WEB", "API", "CART"), "{x}"),
        (("WEB", "API", "cart"), ("web", "api", "cart"), "{lower of x}"),
        (("WEB", "api", "cart"), ("web", "api", "cart"), "nothing"),  # one changed value teaches nothing
        (("1", "2", "1"), ("2", "3", "2"), "nothing"),  # too little is said to tell it from chance
    ],
)
def test_functions_of_the_prompt(source: Vector, values: Vector, explained: str) -> None:
    assert shown(known(x=source).explain(values)) == explained


def test_the_date_in_a_form() -> None:
    today = days(0, 40, 93)
    values = known({"today": today})
    assert shown(values.explain(tuple(day.replace("-", "") for day in today))) == "{date:%Y%m%d of today}"
    assert shown(values.explain(tuple(f"backup-{day}.tar" for day in today))) == "backup-{today}.tar"


def test_the_day_of_all_traces_is_nobodys_guess() -> None:
    """Five runs on one day: `--since 2026-01-01` could be meant, or be today."""
    with pytest.raises(NotCompilable, match="day of all traces"):
        known({"today": days(0, 0, 0)}).explain(("--since=2026-01-01",) * 3)
    assert shown(known({"today": days(0, 0, 0)}).explain(("--since=2025-06-01",) * 3)) == "--since=2025-06-01"
    assert shown(known({"today": days(0, 1, 2)}).explain(("--since=2026-01-02",) * 3)) == "--since=2026-01-02"
    with pytest.raises(NotCompilable, match="day of all traces"):
        known({"today": days(0, 1, 2)}).explain(("report-2026-01.csv",) * 3)


@pytest.mark.parametrize(
    ("word", "prompt"),
    [
        ("shop-01.sql", "back up the shop"),
        ("shop-2026.sql", "back up the shop"),
        ("January", "send the report"),
        ("jan", "send the report"),
        ("2026-01-01", "what did we sell"),
        ("2026-Q1", "numbers of the quarter"),
        ("1", "numbers of the quarter"),
        ("--month=1", "what did we sell this month"),
        ("week02", "plan the sprint"),
        ("2", "plan the week"),
    ],
)
def test_a_calendar_that_stood_still(word: str, prompt: str) -> None:
    """A constant that would be wrong next week, month, quarter or year, of runs on days of one week."""
    today = days(4, 6, 8)
    values = Values({"today": today}, value_name, environment=("today",), prompt=prompt)
    with pytest.raises(NotCompilable, match="day of all traces"):
        values.explain((word,) * 3)
    other = Values({"today": days(4, 6, 500)}, value_name, environment=("today",), prompt=prompt)
    assert shown(other.explain((word,) * 3)) == word


@pytest.mark.parametrize(
    ("word", "prompt"),
    [
        ("1", "show the log"),
        ("report-2026", "send the report of 2026"),
        ("CVE-2026-17", "look up the hole"),
        ("python2026.1", "which one"),
        ("10.1.26.2", "ping the box now"),
        ("marching", "who plays"),
    ],
)
def test_a_number_that_is_no_day(word: str, prompt: str) -> None:
    values = Values({"today": days(4, 6, 8)}, value_name, environment=("today",), prompt=prompt)
    assert shown(values.explain((word,) * 3)) == word


@pytest.mark.parametrize("tail", [" as of January 2026", " this January", " in 2026"])
def test_an_answer_that_tells_the_month_of_all_traces_is_left_open(tail: str) -> None:
    today, sold = days(4, 6, 8, 9, 11), ("317 EUR", "224 EUR", "971 EUR", "558 EUR", "803 EUR")
    for end, is_told in ((tail, False), (" so far", True)):
        values = known({"today": today})
        values.add_outputs(tuple(f"{each}\n" for each in sold))
        assert (closing([f"{each}{end}." for each in sold], values) is not None) is is_told


def test_an_answer_of_very_many_values_is_left_open() -> None:
    rng = random.Random(3)
    for many, is_told in ((20, True), (60, False)):
        rows = [[str(rng.randrange(10**5, 10**6)) for _ in range(many)] for _ in range(6)]
        values = known()
        values.add_outputs(tuple("\n".join(f"k{i} {each}" for i, each in enumerate(row)) for row in rows))
        finals = [" and ".join(f"k{i}: {each}" for i, each in enumerate(row)) for row in rows]
        assert (closing(finals, values) is not None) is is_told


# --- coincidences


def test_a_date_that_is_today_by_chance() -> None:
    """What the prompt says is the prompt's, though it was always the day it was said."""
    today = days(0, 40, 93)
    values = known({"today": today}, since=today)
    assert shown(values.explain(today)) == "{since}"
    assert values.ambiguous == ["{since} and {today} were the same in all 3 traces; {since} was taken"]


def test_a_branch_named_like_the_service() -> None:
    services = ("checkout", "billing", "search")
    values = known({"branch": services}, service=services)
    assert shown(values.explain(tuple(f"deploy/{name}.yaml" for name in services))) == "deploy/{service}.yaml"
    assert "{service} and {branch} were the same" in values.ambiguous[0]


def test_a_branch_that_says_too_little() -> None:
    assert shown(known({"branch": ("main", "main", "dev")}).explain(("main", "main", "dev"))) == "nothing"
    branches = ("feature/tax", "fix-login", "main")
    assert shown(known({"branch": branches}).explain(branches)) == "{branch}"


def test_small_numbers_in_a_large_output_are_no_data_flow() -> None:
    chosen = random.Random(4)
    rows = [[str(chosen.randrange(10)) for _ in range(40)] for _ in range(3)]
    values = known()
    values.add_outputs(tuple("\n".join(f"row{i} {n}" for i, n in enumerate(row)) for row in rows))
    assert values.explain(tuple(row[7] for row in rows)) is None
    assert not values.bindings


def test_the_same_number_in_two_columns() -> None:
    """Both columns always agreed: both are asked, and must agree again."""
    values = known(name=("web", "api", "cart"))
    values.add_outputs(
        tuple(f"NAME READY WANTED\n{n} {i} {i}\nzed 1 2" for n, i in [("web", 517), ("api", 23), ("cart", 871)])
    )
    (ref,) = values.explain(("517", "23", "871")) or ()
    assert isinstance(ref, Ref)
    columns = {finder.column for finder in values.bindings[0][0].finders if isinstance(finder, Cell)}
    assert columns == {1, 2}


def test_ids_that_share_a_prefix_say_only_their_ends() -> None:
    assert told(("release-100", "release-101", "release-102")) < bits("release-100") + 2 * bits("0") + 0.1
    assert told(("release-100", "release-100", "release-100")) == bits("release-100")


def test_a_value_in_prompt_and_output_is_the_prompts() -> None:
    names = ("alpha", "beta", "gamma")
    values = known(name=names)
    values.add_outputs(tuple(f"{name}\nother" for name in names))
    assert shown(values.explain(names)) == "{name}"
    assert values.ambiguous == [
        "{name} also stood in the output of step 1 in all 3 traces; what the prompt says was taken"
    ]


def test_an_echo_is_not_ambiguous() -> None:
    names = ("alpha", "beta", "gamma")
    values = known(name=names)
    assert values.explain(names)
    values.add_outputs(tuple(f"looking at {name}" for name in names))
    assert values.explain(names)
    assert not values.ambiguous


def test_an_output_that_is_cut_off_explains_nothing() -> None:
    values = known()
    values.add_outputs(tuple(f"id: t-{i}998{i}\n" + "x" * 30_000 for i in range(3)))
    assert values.explain(("t-09980", "t-19981", "t-29982")) is None


@pytest.mark.parametrize("traces", [2, 3, 4, 6])
@pytest.mark.parametrize("most", [9, 99])
def test_what_has_nothing_to_do_with_each_other_is_rarely_joined(traces: int, most: int) -> None:
    """Values drawn apart from the outputs: at most the stated share is explained by accident."""
    joined = 0
    for seed in range(200):
        chosen = random.Random(f"{seed} {traces} {most}")
        wanted = tuple(str(chosen.randint(0, most)) for _ in range(traces))
        words = chosen.randrange(5, 40)
        values = known()
        values.add_outputs(
            tuple("\n".join(f"n{i}: {chosen.randint(0, most)}" for i in range(words)) for _ in range(traces))
        )
        joined += len(set(wanted)) > 1 and values.explain(wanted) is not None
    assert joined <= 200 * LEVEL, joined


@pytest.mark.parametrize("traces", [2, 3, 4])
@pytest.mark.parametrize("letters", ["0123456789", "abcABC-", "ab/."])
def test_unrelated_values_are_rarely_transformed_into_each_other(traces: int, letters: str) -> None:
    joined = 0
    for seed in range(200):
        chosen = random.Random(f"{seed} {traces} {letters}")
        source, wanted = (
            tuple("".join(chosen.choices(letters, k=chosen.randint(1, 3))) for _ in range(traces)) for _ in range(2)
        )
        argument = known(x=source).explain(wanted) if len(set(wanted)) > 1 else None
        joined += any(isinstance(piece, Ref) and bool(piece.by) for piece in argument or ())
    assert joined <= 200 * LEVEL, joined


# --- environment


def test_a_folder_under_home_is_asked_for_where_the_directory_does_not_matter() -> None:
    around = {"home": ("/home/ann",) * 3, "cwd": ("/home/ann/a", "/home/ann/b", "/srv/c")}
    assert shown(known(around).explain(("/home/ann/notes/todo.md",) * 3)) == "{home}/notes/todo.md"
    assert shown(known(around).explain(("/home/annabel/todo.md",) * 3)) == "/home/annabel/todo.md"
    bound = {"home": ("/home/ann",) * 3, "cwd": ("/home/ann/a",) * 3}
    assert shown(known(bound).explain(("/home/ann/notes/todo.md",) * 3)) == "/home/ann/notes/todo.md"


def test_the_working_directory_inside_a_word() -> None:
    folders = ("/home/ann/shop", "/srv/bank", "/tmp/x/mail")
    values = known({"cwd": folders, "repo": folders})
    assert shown(values.explain(tuple(f"{folder}/src/app.py" for folder in folders))) == "{cwd}/src/app.py"
    assert "{cwd} and {repo} were the same" in values.ambiguous[0]


# --- outputs


def outputs_of(*texts: str) -> Values:
    values = known()
    values.add_outputs(texts)
    return values


@pytest.mark.parametrize(
    ("template", "explained"),
    [
        ("created https://example.org/shop/pull/{}", "{part:/:-1 of "),
        ("wrote build/out/{}.tar.gz", "{basename of part:.:0 of wrote}"),
        ('{{"url": "https://example.org/t/{}"}}', "{part:/:-1 of url}"),
        ("{}", "{value}"),
        ("request id: {} accepted", "{id_}"),
        ('export TOKEN_ID="{}"', "{"),
        ("RELEASE={}", "{release}"),
        ("took {}ms", "{"),
        ("name,ticket\nshop,{}", "{"),
        ("| name | ticket |\n|---|---|\n| shop | {} |", "{"),
    ],
)
def test_where_a_stranger_would_look(template: str, explained: str) -> None:
    numbers = ("4711", "815", "90210")
    values = outputs_of(*(template.format(number) for number in numbers))
    found = shown(values.explain(numbers))
    assert found.startswith(explained), found


def test_the_next_version_of_one_that_was_printed() -> None:
    values = outputs_of("v1.2.3\n", "v0.9.9\n", "v4.1.0\n")
    assert shown(values.explain(("v1.2.4", "v0.9.10", "v4.1.1"))) == "{next_patch of value}"
    (binding,) = values.bindings[0]
    assert binding.finders[0] == Whole()


def test_the_plainest_output_is_asked_not_the_nearest() -> None:
    """A whole output says it better than a word in the middle of a later one."""
    ids = ("t-4711", "t-815", "t-90210")
    values = known()
    values.add_outputs(ids)
    values.add_outputs(tuple(f"a b c d\ne {each} f g\nh i j k l" for each in ids))
    assert values.explain(ids)
    assert list(values.bindings) == [0]


def test_a_value_of_an_output_beside_one_of_the_prompt() -> None:
    services = ("dune", "badge", "amber")
    files = tuple(f"{name}-{i}98b{i}.log" for i, name in enumerate(services))
    values = known(service=services)
    assert values.explain(services)
    values.add_outputs(files)
    words = tuple(f"logs/{name}/{file}" for name, file in zip(services, files, strict=True))
    assert shown(values.explain(words)) == "logs/{service}/{value}"


def test_a_value_glued_to_its_option() -> None:
    assert shown(known(count=("20", "7", "150")).explain(("-n20", "-n7", "-n150"))) == "-n{count}"
    assert shown(known(count=("20", "7", "150")).explain(("ab20", "ab7", "ab150"))) == "nothing"


def test_paths_with_spaces() -> None:
    paths = ("my docs/a b.txt", "your docs/c.txt", "d e/f g h.txt")
    values = outputs_of(*(f"{path}\n" for path in paths))
    assert shown(values.explain(paths)) == "{value}"


@pytest.mark.parametrize("bad", ["-rf", "a\nb", "-o x.txt", "../up/a.txt x", "https://h/a b.txt"])
def test_what_could_become_an_option_or_more_is_no_value(bad: str) -> None:
    words = ("my docs/a b.txt", "your docs/c.txt", bad)
    values = outputs_of(*('{"path": ' + f'"{word}"'.replace("\n", "\\n") + "}" for word in words))
    assert values.explain(words) is None


def test_json_values_are_found_by_key() -> None:
    values = outputs_of(*(f'{{"a": [{{"id": "{i}", "n": "x"}}], "b": 7}}' for i in ("u-12", "u-99", "q-5")))
    (ref,) = values.explain(("u-12", "u-99", "q-5")) or ()
    assert isinstance(ref, Ref)
    assert isinstance(values.bindings[0][0].finders[0], JsonPath)


# --- lists

FILES = (("src/a.py", "docs/b.md"), ("lib/c.py",), ("x/d.py", "x/e.py", "Makefile"))


@pytest.mark.parametrize(
    ("item", "around"),
    [
        ("{}", "{}"),
        (" M {}", "{}"),
        ("\tmodified:   {}", "On branch main\nChanges not staged for commit:\n{}\n\nno changes added"),
        ("{}:12:4: error: no", "{}\nfound some errors"),
        ("{} | 3 +-", "{}"),
        ("{}  Crashed  3d", "NAME STATUS AGE\n{}\nother/z.py Running 4d"),
        ("would remove {}", "{}"),
        ('{{"path": "{}"}}', None),
    ],
)
def test_lists_of_outputs(item: str, around: str | None) -> None:
    values = known()
    told = [[item.format(file) for file in files] for files in FILES]
    texts = [around.format("\n".join(each)) if around else f"[{', '.join(each)}]" for each in told]
    values.add_outputs(tuple(texts))
    found = values.explain_list(FILES)
    assert found, texts[0]
    spread, binding = found
    assert binding.many and binding.name == spread.name
    for finder in binding.finders:
        for text, files in zip(texts, FILES, strict=True):
            assert tuple(find(finder, text, {})) == files
    assert values.explain_list(FILES) == found, "asked again it is the same list"


def test_only_the_items_that_say_so() -> None:
    """All that failed, not all that is there."""
    values = known()
    told = [[{"path": file, "state": "failed"} for file in files] for files in FILES]
    values.add_outputs(tuple(json.dumps([{"path": "fine.py", "state": "ok"}, *each]) for each in told))
    found = values.explain_list(FILES)
    assert found
    other = [{"path": "u.py", "state": "failed"}, {"path": "v.py", "state": "ok"}, {"path": "w.py", "state": "failed"}]
    assert find(found[1].finders[0], json.dumps(other), {}) == ["u.py", "w.py"]


@pytest.mark.parametrize(
    "rows", [(("1",), ("2",), ("1",)), (("src/a.py",), (), ("lib/c.py",)), (("-rf",), ("a",), ("b",))]
)
def test_lists_that_are_none(rows: tuple[tuple[str, ...], ...]) -> None:
    values = known()
    values.add_outputs(tuple("\n".join(row) + "\n" + "7 8 9 " * 9 for row in rows))
    assert values.explain_list(rows) is None


# --- every explanation is true of what it was made from

NAMES = st.from_regex(r"\A[a-z]{2,6}(?:[-_/][a-zA-Z]{2,6}){0,2}(?:\.[a-z]{2,3})?\Z")


@given(st.lists(NAMES, min_size=3, max_size=6, unique=True), st.data())
@settings(max_examples=150, deadline=None)
def test_an_explanation_claims_only_what_is_so(source: list[str], data: st.DataObject) -> None:
    by = data.draw(st.sampled_from(["basename", "stem", "upper", "kebab", "snake", "part:/:-1", "part:-:0", "dirname"]))
    try:
        values = tuple(f"pre/{apply(by, value)}.out" for value in source)
    except ValueError:
        return
    argument = known(x=tuple(source)).explain(values)
    for place in range(len(source)):
        if argument is not None:
            made = ""
            for piece in argument:
                text = piece.text if isinstance(piece, Text) else source[place]
                for function in piece.by if isinstance(piece, Ref) else ():
                    text = apply(function, text)
                made += text
            assert made == values[place]
