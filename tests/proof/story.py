"""One run of a workflow as it would have been recorded: what was asked, called, printed and said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from agentjit.trace import Episode, ToolCall
from tests.support.notation import DAY, START

WORDS = (
    "amber anchor apple arrow badge basil beacon birch bison cedar cobalt comet coral delta dune ember falcon fern"
    " flint garnet ginger harbor hazel heron indigo iris jade juniper kestrel lagoon laurel lemon lilac lotus maple"
    " marble mint nectar nickel ochre olive onyx opal orchid otter pearl pepper pine plum quartz quill raven reed"
    " ruby saffron sage salmon scarlet sierra silver sorrel spruce sumac tansy teal thistle topaz tulip umber velvet"
    " violet walnut willow wren yarrow zephyr zinc"
).split()


class Story:
    """A run told call by call. `holes` are the values that only a model can say, in the order they are needed."""

    def __init__(self, prompt: str, *, cwd: str = "/work/shop", branch: str = "") -> None:
        self.prompt = prompt
        self.cwd = cwd
        self.branch = branch
        self.final = ""
        self.holes: list[str] = []
        self.calls: list[tuple[str, Mapping[str, Any], str, int | None, float, str]] = []
        self.unneeded: Story | None = None  # what the model would have gone on with: reading it does no harm
        self.files: dict[str, str] = {}  # what is there before the first call
        self.in_turn = False  # each call waits for what the one before it set off
        self._batch = ""

    def there(self, path: str, text: str) -> Story:
        """A file that is there when the run begins."""
        self.files[path] = text
        return self

    def one_after_the_other(self) -> Story:
        """What each call sets off is done before the next one is made."""
        self.in_turn = True
        return self

    def bash(self, command: str, output: str = "", status: int = 0, *, seconds: float = 0.1) -> Story:
        return self._call("Bash", {"command": command}, output, status, seconds)

    def read(self, path: str, text: str) -> Story:
        return self._call("Read", {"file_path": path}, text)

    def write(self, path: str, content: str) -> Story:
        updated = f"The file {path} has been updated successfully."
        said = updated if path in self.files else f"File created successfully at: {path}"
        return self._call("Write", {"file_path": path, "content": content}, said)

    def edit(self, path: str, old: str, new: str) -> Story:
        said = f"The file {path} has been updated successfully."
        return self._call("Edit", {"file_path": path, "old_string": old, "new_string": new, "replace_all": False}, said)

    def tool(self, name: str, given: Mapping[str, Any], output: object) -> Story:
        return self._call(name, given, output if isinstance(output, str) else json.dumps(output))

    def together(self) -> Story:
        """The next calls were asked for at once."""
        self._batch = f"batch{len(self.calls)}"
        return self

    def say(self, final: str) -> Story:
        self.final = final
        return self

    def only_a_model_can_say(self, value: str) -> str:
        """`value`, remembered as what nothing explains."""
        self.holes.append(value)
        return value

    def _call(
        self, tool: str, given: Mapping[str, Any], output: str, status: int | None = None, seconds: float = 0.02
    ) -> Story:
        self.calls.append((tool, given, output, status, seconds, self._batch))
        return self

    def episode(self, number: int) -> Episode:
        """The run as recorded, in a session of its own, on day `number`."""
        at = START + number * DAY
        calls = tuple(
            ToolCall(
                id=f"toolu_{number}_{i}",
                tool=tool,
                input=given,
                output=output,
                ok=not status,
                exit_code=status,
                at=at + 2 * i,
                seconds=seconds,
                cwd=self.cwd,
                batch=batch,
            )
            for i, (tool, given, output, status, seconds, batch) in enumerate(self.calls)
        )
        own = Episode(
            id=f"s{number}:p",
            session=f"s{number}",
            prompt=self.prompt,
            cwd=self.cwd,
            at=at,
            calls=calls,
            final=self.final or None,
            requests=len(calls) + 1,
            tokens=12_000 * (len(calls) + 1),
            seconds=4.0 * (len(calls) + 1),
        )
        return replace(own, branch=self.branch) if self.branch and hasattr(own, "branch") else own


def word(random: Random) -> str:
    """A name as people give them to services, files and branches."""
    return random.choice(WORDS) + random.choice(("", "", f"-{random.choice(WORDS)}", str(random.randint(2, 9))))


def words(random: Random, count: int) -> list[str]:
    """So many different names."""
    found: dict[str, None] = {}
    while len(found) < count:
        found[word(random)] = None
    return list(found)


def version(random: Random) -> str:
    """Three numbers."""
    return f"{random.randint(0, 9)}.{random.randint(0, 20)}.{random.randint(0, 30)}"


def digits(random: Random, count: int) -> str:
    """Hexadecimal digits with at least one letter and one figure."""
    while True:
        found = "".join(random.choice("0123456789abcdef") for _ in range(count))
        if not found.isdigit() and not found.isalpha():
            return found


_IDLE = ("ls", "pwd", "git log --oneline -3", "cat README.md", "df -h .", "uptime")


def disturbed(story: Story, random: Random, *, noise: float) -> Story:
    """The run as another day would have shown it: reads that merely stood in between, other quotes, other spaces."""
    calls: list[tuple[str, Mapping[str, Any], str, int | None, float, str]] = []
    for tool, given, output, status, seconds, batch in story.calls:
        if random.random() < noise and not batch:
            calls.append(("Bash", {"command": random.choice(_IDLE)}, f"{random.choice(WORDS)}\n", 0, 0.01, ""))
        if tool == "Bash" and random.random() < noise:
            given = {**given, "command": _respelt(str(given["command"]), random)}
        calls.append((tool, given, output, status, seconds, batch))
    story.calls = calls
    return story


def _respelt(command: str, random: Random) -> str:
    """The same words written in another way, where that is safe to say of any line."""
    plain = all(character.isalnum() or character in " ./-_=:" for character in command)
    if not plain:
        return command + " "
    first, *rest = command.split(" ")
    if rest and random.random() < 0.5:
        place = random.randrange(len(rest))
        rest[place] = f'"{rest[place]}"' if not rest[place].startswith("-") else rest[place]
    return first + random.choice((" ", "  ")) + " ".join(rest)


def other(random: Random) -> Story:
    """Work that is nobody's habit: another prompt, other calls each time."""
    story = Story(
        f"{random.choice(_DOING)} the {word(random)} of {word(random)} {random.choice(_AFTER)} {word(random)}"
    )
    for name in words(random, random.randint(2, 7)):
        line = random.choice(_LOOKING).replace("{}", name)
        story.bash(line, "\n".join(words(random, random.randint(0, 4))))
    return story.say(" ".join(words(random, 6)).capitalize() + ".")


_DOING = ("explain", "rewrite", "find", "compare", "simplify", "check", "sketch", "move")
_AFTER = ("before", "after", "like", "without", "next to", "for")
_LOOKING = (
    *("grep -rn {} src", "cat src/{}.py", "git log -3 -- {}", "ls {}", "python3 -m {}", "git show {}", "wc -l {}.py"),
    *(
        "find . -name '{}*'",
        "sed -n 1,40p {}.md",
        "head -5 data/{}.csv",
        "npm run {}",
        "git blame {}.py",
        "jq . {}.json",
    ),
)


def broken(story: Story, random: Random) -> Story:
    """The run with one of its commands failing, where the model stopped and said so."""
    places = [i for i, (tool, _, _, status, _, _) in enumerate(story.calls) if tool == "Bash" and not status]
    if places:
        place = random.choice(places)
        tool, given, _, _, seconds, batch = story.calls[place]
        told = random.choice(("connection refused", "permission denied", "no such file or directory"))
        story.unneeded = Story(story.prompt, cwd=story.cwd)
        story.unneeded.calls = story.calls[place + 1 :]
        story.calls = [*story.calls[:place], (tool, given, f"error: {told}", 1, seconds, batch)]
        story.say(f"That failed: {told}.")
    return story
