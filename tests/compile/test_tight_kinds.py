"""Values unlike those seen, where that does harm: what a value is made into, and what is written to, stays of the kind
that the traces showed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from agentjit import kit
from agentjit.compile.explaining.kinds import kind_of
from agentjit.compile.following.domains import tight, writable
from agentjit.intercept.match import matches
from agentjit.library import entry
from agentjit.piece import Kind
from agentjit.pipeline import Study
from agentjit.publishing import recorded
from agentjit.run.load import load
from tests.compile.test_families import compiled
from tests.support.notation import repeat

NAMES = ("cart", "menu", "feed", "blog", "pay", "auth", "shop")

TIGHT = [
    ("cart.csv menu.csv feed.csv", ("stem",), "web.csv web-2.csv x_y.csv", "web.json web.csv.gz data/web.csv web"),
    (
        "src/cart.py src/user.py src/mail.py",
        ("stem",),
        "src/list.py src/user_list.py src/v2.py",
        "src/api/cart.py src/__init__.py lib/cart.py cart.py src/cart.js",
    ),
    ("src/a.py src/b/c.py src/d/e/f.py", ("stem",), "src/x.py src/x/y.py src/x/y/z.py", "src/a/b/c/d.py x.py"),
    (
        "services/cart/Dockerfile services/menu/Dockerfile",
        ("part:/:1",),
        "services/web-2/Dockerfile",
        "services/web/prod/Dockerfile tools/web/Containerfile",
    ),
    (
        "hub.io/cart:1.2.3 hub.io/menu:4.5.6",
        ("part:::-1",),
        "hub.io/web:0.0.1",
        "hub.io/web hub.io/web@sha256:ab nginx:1",
    ),
    ("Cart Menu Feed", ("lower",), "Blog", "UserCard blog API"),
    ("UserCard OrderItem Cart", ("kebab",), "SearchIndex", "search-index searchIndex"),
    ("cart menu feed", ("capitalize",), "blog", "user-card userCard user_card"),
    ("cart order-item feed-list", ("pascal",), "blog user-card a-b-c", "userCard user_card user.card"),
    ("cart@example.com menu@example.com", ("part:@:0",), "web@example.com", "web@other.org web+x@example.com"),
    ("SHOP-12-cart SHOP-345-menu", ("part:-:1",), "SHOP-7-web", "SHOP-7-web-2 WEB-X-12 7-web"),
]


@pytest.mark.parametrize(("seen", "by", "fitting", "others"), TIGHT)
def test_what_is_transformed_stays_as_it_was(seen: str, by: tuple[str, ...], fitting: str, others: str) -> None:
    pattern = tight(seen.split(), by)
    assert pattern
    for value in (*seen.split(), *fitting.split()):
        assert re.fullmatch(pattern, value), (pattern, value)
    for value in (*others.split(), "", "-x", "..", "a b", "a\n"):
        assert not re.fullmatch(pattern, value), (pattern, value)


WRITTEN = [
    ("out/b dist/c tmp/d", "a/b a/b/c", "/etc /etc/x ../b .. . up house main a/.. a/../b"),
    ("out dist/c tmp", "a a/b", "/a main HEAD . .."),
    ("/srv/app/a /srv/app/b /srv/app/c/d", "/srv/app/x", "/etc/passwd srv/app /srv/app /srv / ~"),
    ("a.ts lib/b.ts c.ts", "x.ts x/y.ts", "logo.png ts main x.tsx"),
    ("/a/b /c/d", "/e/f", "/etc / e/f"),
    ("feature/a feature/b-2 fix/c", "feature/x-1", "main master x /x/y"),
    ("cart menu feed", "blog blog-2", "main master trunk HEAD"),
    ("main cart menu", "main blog", "master trunk"),
    ("cart menu-2 feed", "blog product", "prod production prod-db1 db-prod live staging root admin null none develop"),
    ("fix/a hot/b x/c-1", "y/d", "release/1 release/x prod/x x/prod"),
    ("cart prod-db1 menu", "prod prod-db2 db-prod blog", "live main"),
    ("cart2 menu-3 feed_4x", "blog5 product-2", "house up main prod-db1 db1-prod prod1"),
    ("cart2 menu-b feed", "blog", "main"),
    ("cart-1 menu-2 feed-b", "blog-3", "house up main"),
    ("1.2.3 2.0.0 4.1.1", "1.1.1", "main x"),
    ("~/a ~/b", "~/c", "~ ~/.. / /a"),
]


@pytest.mark.parametrize(("seen", "fitting", "others"), WRITTEN)
def test_what_is_written_to_stays_as_it_was(seen: str, fitting: str, others: str) -> None:
    values = seen.split()
    pattern = writable(values, kind_of(values) or "")
    for value in (*values, *fitting.split()):
        assert re.fullmatch(pattern, value), (pattern, value)
    for value in others.split():
        assert not re.fullmatch(pattern, value), (pattern, value)


# --- whole workflows


def taken(made: Study, prompt: str) -> dict[str, str] | None:
    """The arguments with which a prompt starts the program, None if it does not."""
    assert made.plan, made.reason
    record = recorded(None, made.plan, made.program, 0.0)
    found = matches([entry(record, made.plan, made.plan.entry)], prompt)
    return found[0].arguments if found else None


def ran(made: Study, arguments: dict[str, str], **asked: str) -> tuple[list[str], kit.Run]:
    done: list[str] = []

    def perform(call: kit.Call) -> kit.Result:
        if isinstance(call, kit.Ask):
            return kit.Result(asked[call.name], None)
        done.append(call.text)
        return kit.Result("", 0)

    return done, kit.drive(load(made.program, "skill.py"), arguments, perform)


def rows(names: Sequence[str] = NAMES) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


def test_a_file_is_not_written_over_itself() -> None:
    made = compiled(
        repeat("> convert {name}.csv to json\n$ csvjson {name}.csv > {name}.json\n< Wrote {name}.json.", *rows())
    )
    assert taken(made, "convert web.csv to json")
    for other in ("web.json", "web.tsv", "web.csv.gz", "data/web.csv"):
        assert taken(made, f"convert {other} to json") is None


def test_a_branch_never_pushed_is_not_pushed() -> None:
    episodes = repeat("> push this\n$ git push -u origin feature/{name}\n< Pushed feature/{name}.", *rows())
    made = compiled([replace(each, branch=f"feature/{name}") for each, name in zip(episodes, NAMES, strict=True)])
    done, run = ran(made, {}, branch="feature/web")
    assert (done, run.outcome) == (["git push -u origin feature/web"], "answered")
    done, run = ran(made, {}, branch="main")
    assert (done, run.outcome) == ([], "handed_back")
    assert "main" in run.reason and "failed" not in run.reason


def on(branches: Sequence[str], template: str) -> Study:
    episodes = repeat(template, *({"branch": each} for each in branches))
    return compiled([replace(each, branch=branch) for each, branch in zip(episodes, branches, strict=True)])


def test_what_was_only_done_on_one_branch_is_not_done_on_another() -> None:
    made = on(["main"] * 6, "> push it\n$ git push origin main\n< Pushed.")
    assert ran(made, {}, branch="main")[0] == ["git push origin main"]
    done, run = ran(made, {}, branch="feat-x")
    assert (done, run.outcome) == ([], "handed_back")


def test_what_was_only_done_on_branches_of_features_is_not_done_on_main() -> None:
    made = on(["f1", "g2", "h3", "f1", "k5", "m6"], "> push to origin\n$ git push -q\n< Pushed.")
    assert ran(made, {}, branch="other/x")[0] == ["git push -q"]
    for branch in ("main", "develop", "release/1.0", "gh-pages", "production", "master-2"):
        done, run = ran(made, {}, branch=branch)
        assert (done, run.outcome) == ([], "handed_back"), branch


def test_reading_may_be_done_on_any_branch() -> None:
    made = on(["main"] * 6, "> anything new?\n$ git status --short\n< Nothing.")
    assert "ask(" not in made.program
    episodes = repeat("> push it\n$ git push origin main\n< Pushed.", *[{}] * 6)
    assert "ask(" not in compiled([*episodes[:-1], replace(episodes[-1], branch="main")]).program


def test_few_values_of_many_runs_are_all_there_are() -> None:
    levels = ("debug", "info", "warn", "info", "debug", "info", "warn")
    told = [{"name": name, "level": level} for name, level in zip(NAMES, levels, strict=True)]
    template = "> set the log level of {name} to {level}\n$ adm log {name} {level}\n< {name} logs at {level}."
    made = compiled(repeat(template, *told))
    assert taken(made, "set the log level of web to warn")
    assert taken(made, "set the log level of web to loud") is None


def test_few_numbers_are_not_all_there_are_but_no_others_are_far_off() -> None:
    told = [{"name": name, "n": n} for name, n in zip(NAMES, "2354322", strict=True)]
    made = compiled(repeat("> scale {name} to {n}\n$ kubectl scale deploy {name} --replicas={n}\n< {n} run.", *told))
    assert taken(made, "scale web to 6")
    for count in ("0", "1000", "00", "02"):
        assert taken(made, f"scale web to {count}") is None


def test_a_folder_is_beside_those_seen() -> None:
    episodes = repeat("> deploy this\n$ fly deploy --app {name}\n| deployed {name}\n< Deployed {name}.", *rows())
    folders = [f"/home/me/{name}" for name in NAMES]
    moved = [
        replace(each, cwd=cwd, calls=tuple(replace(call, cwd=cwd) for call in each.calls))
        for each, cwd in zip(episodes, folders, strict=True)
    ]
    made = compiled(moved)
    assert ran(made, {}, cwd="/home/me/web")[0] == ["fly deploy --app web"]
    for cwd in ("/home/me", "/home/me/shop/src", "/tmp", "/srv/me/web"):
        done, run = ran(made, {}, cwd=cwd)
        assert (done, run.outcome) == ([], "handed_back"), cwd


def test_the_first_processes_are_not_killed() -> None:
    told = [{"port": str(3000 + 17 * n), "pid": str(500 + 991 * n)} for n in range(7)]
    made = compiled(
        repeat("> free port {port}\n$ lsof -ti :{port}\n| {pid}\n$ kill {pid}\n< Port {port} is free.", *told)
    )
    for printed, calls in (("777", 2), ("1", 1), ("0", 1), ("01", 1)):
        done: list[str] = []

        def perform(call: kit.Call, printed: str = printed, done: list[str] = done) -> kit.Result:
            done.append(call.text)
            return kit.Result(printed if "lsof" in call.text else "", 0)

        assert made.plan
        (name,) = (parameter.name for parameter in made.plan.parameters)
        kit.drive(load(made.program, "skill.py"), {name: "4000"}, perform)
        assert len(done) == calls, printed


def test_what_is_removed_is_named_as_it_was() -> None:
    made = compiled(repeat("> clean {name}\n$ rm -rf {name}\n< Cleaned.", *rows()))
    assert taken(made, "clean web")
    for other in ("up", "house", "out", "main", "/", "/etc", "~", "..", "web/x"):
        assert taken(made, f"clean {other}") is None


def test_two_places_that_never_were_the_same() -> None:
    both = [{"one": one, "two": two} for one, two in pairwise(NAMES)]
    made = compiled(repeat("> copy {one} to {two}\n$ rsync -a {one}/ {two}/\n< Copied {one}.", *both))
    assert taken(made, "copy web to lab")
    assert taken(made, "copy web to web-2")
    assert taken(made, "copy web to web") is None


def test_a_word_of_the_query_language_is_no_name() -> None:
    counted = [{"name": name, "n": str(17 * i + 3)} for i, name in enumerate(NAMES)]
    made = compiled(
        repeat(
            '> how many rows are in {name}?\n$ psql -Atc "select count(*) from {name}" web\n| {n}\n< {n} rows.',
            *counted,
        )
    )
    assert taken(made, "how many rows are in users?")
    for word in ("user", "order", "all", "USER"):
        assert taken(made, f"how many rows are in {word}?") is None


def test_a_list_that_is_written_to_is_of_its_kind() -> None:
    listed = [
        {"a": one, "more": f"| {two}.ts" if n % 2 else "", "rest": f" {two}.ts" if n % 2 else ""}
        for n, (one, two) in enumerate(pairwise(NAMES))
    ]
    template = "> format it\n$ git diff --name-only\n| {a}.ts\n{more}\n$ prettier --write {a}.ts{rest}\n< Done."
    made = compiled(repeat(template, *listed))
    assert made.plan, made.reason
    (binding,) = (each for step in made.plan.every_step() for each in step.bindings)
    (kind,) = binding.pattern
    assert isinstance(kind, Kind)
    assert re.fullmatch(kind.expression, "web.ts")
    assert re.fullmatch(kind.expression, "web.png") is None
    assert re.fullmatch(kind.expression, "/etc/web.ts") is None


def test_what_is_taken_apart_still_has_the_name_in_it() -> None:
    told = [{"name": name, "v": f"{i}.{i * 3 % 7}.{i + 2}"} for i, name in enumerate(NAMES)]
    made = compiled(repeat("> what does {name} run?\n$ image {name}\n| hub.io/{name}:{v}\n< {name} runs {v}.", *told))
    assert made.plan
    (name,) = (parameter.name for parameter in made.plan.parameters)
    for printed, outcome in (
        ("hub.io/web:1.2.3", "answered"),
        ("hub.io/nginx:1.2.3", "handed_back"),
        ("hub.io/web@sha256:abcd", "handed_back"),
        ("hub.io/web:latest", "handed_back"),
    ):

        def perform(call: kit.Call, told: str = printed) -> kit.Result:
            return kit.Result(told, 0)

        assert kit.drive(load(made.program, "skill.py"), {name: "web"}, perform).outcome == outcome


def test_what_can_be_read_in_two_ways_is_said_in_plain_words() -> None:
    titles = [{"title": title, "slug": title.lower().replace(" ", "-")} for title in _TITLES]
    made = compiled(repeat('> branch for "{title}"\n$ git switch -c {slug}\n< You are on {slug}.', *titles))
    assert made.plan
    (name,) = (parameter.name for parameter in made.plan.parameters)
    done, run = ran(made, {name: "Drop h2o"})
    assert (done, run.outcome) == ([], "handed_back")
    assert "program failed" not in run.reason and "ValueError" not in run.reason


_TITLES = ("Fix login", "Add a cart", "New header", "Drop the old cache", "Speed search", "Show totals")
