"""The documents say what is true: commands parse, options exist, errors have headings, links lead somewhere."""

from __future__ import annotations

import importlib
import pkgutil
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import agentjit
from agentjit.cli import COMMANDS, cli
from agentjit.errors import AjError

CHECKOUT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
SPAN = re.compile(r"`(aj [^`]+)`")
OPTION = re.compile(r"(?<![\w-])(--?[a-z][a-z-]*)")


def name(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def shown(path: Path) -> Iterator[str]:
    """What stands after `$ ` in the code blocks of a document, up to a pipe."""
    for line in lines(path):
        text = line.strip()
        if line.startswith(("    ", "\t")) and text.startswith("$ aj"):
            yield text.removeprefix("$ ").partition(" | ")[0]


def spans(path: Path) -> Iterator[str]:
    """Commands in the running text, which may be broken over lines."""
    text = " ".join(line.strip() for line in lines(path) if not line.startswith("    "))
    yield from (span.replace("\\|", "|") for span in SPAN.findall(text))


def command_of(words: list[str]) -> click.Command:
    """The command that `aj WORD…` calls; fails the test if there is none."""
    command = cli.get_command(click.Context(cli), words[1])
    assert command is not None, f"there is no `aj {words[1]}`"
    return command


def options_of(command: click.Command) -> set[str]:
    context = click.Context(command, help_option_names=["-h", "--help"])
    return {option for parameter in command.get_params(context) for option in parameter.opts}


COMMAND_LINES = [(name(path), line) for path in DOCUMENTS for line in shown(path)]
COMMAND_SPANS = sorted({(name(path), span) for path in DOCUMENTS for span in spans(path)})


def test_there_is_something_to_check() -> None:
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/errors.md"} <= set(map(name, DOCUMENTS))
    assert len(COMMAND_LINES) >= 5
    assert len(COMMAND_SPANS) >= len(COMMANDS)


@pytest.mark.parametrize(("document", "line"), COMMAND_LINES)
def test_a_command_line_that_is_shown_would_be_accepted(document: str, line: str) -> None:
    words = shlex.split(line)
    command_of(words).make_context(words[1], words[2:])


@pytest.mark.parametrize(("document", "span"), COMMAND_SPANS)
def test_a_command_in_the_text_exists_with_its_options(document: str, span: str) -> None:
    words = shlex.split(span.partition(" | ")[0])
    command = command_of(words)
    if words[1].startswith("-"):
        return
    foreign = {word for word in words[2:] if word.startswith("-")} - options_of(command)
    assert not foreign, f"`aj {words[1]}` has no {foreign}"
    command.make_parser(click.Context(command)).parse_args(words[2:])


def table() -> dict[str, str]:
    """The rows of the README's table of commands: command -> what it says."""
    rows = (re.match(r"\| `aj (\w+)[^`]*` \| (.*) \|", line) for line in lines(CHECKOUT / "README.md"))
    return {row[1]: row[2] for row in rows if row}


def test_the_readme_has_every_command() -> None:
    assert list(table()) == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_options_named_in_the_readme_exist(command: str) -> None:
    named = {option for span in re.findall(r"`([^`]*)`", table()[command]) for option in OPTION.findall(span)}
    assert named <= options_of(command_of(["aj", command]))


def test_the_readme_says_which_commands_print_json() -> None:
    text = " ".join(lines(CHECKOUT / "README.md"))
    sentence = re.search(r"`--json` works with ([^.]*)\.", text)
    assert sentence
    with_json = {command for command in COMMANDS if "--json" in options_of(command_of(["aj", command]))}
    assert set(re.findall(r"`(\w+)`", sentence[1])) == with_json


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_that_works(command: str) -> None:
    found = command_of(["aj", command])
    text = found.get_help(click.Context(found, info_name=command))
    _, example, rest = text.partition("Example:")
    assert example
    calls = re.findall(r"^ *(aj .*)$", "          " + rest.lstrip(), re.MULTILINE)
    assert calls
    for call in calls:
        words = shlex.split(call.partition(" | ")[0])
        assert words[1] in COMMANDS
        command_of(words).make_context(words[1], words[2:])


# --- errors


def kinds(kind: type[AjError] = AjError) -> Iterator[type[AjError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from kinds(below)


def slugs() -> set[str]:
    """The slugs of every error in the package."""
    for module in pkgutil.walk_packages(agentjit.__path__, "agentjit."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return {kind.slug for kind in kinds() if kind.__module__.startswith("agentjit.")}


def test_every_kind_of_error_has_its_heading_and_no_other() -> None:
    headings = {line.removeprefix("## ") for line in lines(CHECKOUT / "docs/errors.md") if line.startswith("## ")}
    assert headings == slugs()


# --- links, versions, form


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = (document.parent / path).resolve() if path else document
        assert there.exists(), f"{target} is not there"
        if anchor:
            headings = {re.sub(r"[^\w -]", "", line.lstrip("# ")).lower().replace(" ", "-") for line in lines(there)}
            assert anchor in headings, f"{target}: no such heading"


def test_every_document_can_be_reached_from_the_readme() -> None:
    found, new = set(), {CHECKOUT / "README.md"}
    while new:
        found |= new
        targets = {
            (document.parent / target.partition("#")[0]).resolve()
            for document in new
            for target in LINK.findall(document.read_text(encoding="utf-8"))
            if target.partition("#")[0].endswith(".md") and "://" not in target
        }
        new = targets - found
    assert set(DOCUMENTS) <= found


def test_the_changelog_begins_with_this_version() -> None:
    versions = [line for line in lines(CHECKOUT / "CHANGELOG.md") if line.startswith("## ")]
    assert versions[0].split()[1] == agentjit.__version__


def test_benchmarks_that_are_named_exist() -> None:
    named = re.findall(r"python -m (bench\.\w+)", "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS))
    there = {f"bench.{path.stem}" for path in CHECKOUT.glob("bench/*.py") if "def main()" in path.read_text()}
    assert set(named) == there


def test_nobody_is_told_to_install_somebody_elses_package() -> None:
    for document in DOCUMENTS:
        text = " ".join(lines(document))
        for place in re.finditer(r"pip3? install\b[^.]{0,20}agentjit|pip install the name", text):
            assert re.search(r"(?i)do not `?$", text[: place.start()]), f"{name(document)}: {place[0]}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_lines_are_wrapped(document: Path) -> None:
    long = [number for number, line in enumerate(lines(document), 1) if len(line) > 120]
    assert not long
