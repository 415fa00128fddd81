"""Redaction, measured: recall and false alarms on the labelled set, and speed, next to detect-secrets on the same.

With `--corpus FOLDER` (transcripts as harnesses keep them) also the speed over real records and every distinct alarm
with its kind and surroundings, for a person to judge. detect-secrets runs all its plugins with default settings over a
file of the lines; any alarm on a line counts as found for it, while for us the secret itself must be gone.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import default_settings

from agentjit.observe.importer import READERS
from agentjit.observe.reader import HEAD, Counts
from agentjit.observe.redact import Redactor
from agentjit.observe.secrets.scan import Scanner
from agentjit.trace import CallSeen, Seen, ToolCall
from bench.report import Budget, Row, finish, machine, options
from tests.observe.secretless_lines import negatives
from tests.observe.secrets_labelled import Line, positives

SLOWEST = 150.0  # MB a second, of ordinary records
MISSES = 0.02
FALSE_ALARMS = 0.002
SEEDS = (7, 101, 2026)


def ours(lines: Sequence[Line]) -> list[bool]:
    """Of each line whether its secret is gone, or, if it has none, whether it was changed."""
    redactor = Redactor(b"key", {})
    texts = [redactor.text(line.text) for line in lines]
    return [
        (line.secret not in text if line.secret else text != line.text)
        for line, text in zip(lines, texts, strict=True)
    ]  # fmt: skip


def theirs(lines: Sequence[Line]) -> list[bool]:
    """Of each line whether detect-secrets raises an alarm on it."""
    starts: list[int] = []
    rows: list[str] = []
    for line in lines:
        starts.append(len(rows))
        rows += line.text.split("\n")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "lines.txt")
        path.write_text("\n".join(rows) + "\n")
        with default_settings():
            alarms = {secret.line_number - 1 for secret in scan_file(str(path))}
    ends = [*starts[1:], len(rows)]
    return [any(row in alarms for row in range(start, end)) for start, end in zip(starts, ends, strict=True)]


Judge = Callable[[Sequence[Line]], list[bool]]


def timed(judge: Judge, lines: Sequence[Line]) -> tuple[list[bool], float]:
    """What it says, and MB a second of this process's time."""
    begin = time.process_time()
    said = judge(lines)
    took = time.process_time() - begin
    return said, sum(len(line.text.encode()) for line in lines) / took / 1e6


def labelled(judges: dict[str, Judge]) -> dict[str, tuple[float, float]]:
    """Print the table; (recall, share of false alarms) of each judge."""
    with_secret = [line for seed in SEEDS for line in positives(seed)]
    without = [Line("", text, "") for seed in SEEDS for text in negatives(seed)]
    print(f"{len(with_secret):,} lines of {len({line.kind for line in with_secret})} kinds, {len(without):,} without")
    result, missed = {}, {}
    for name, judge in judges.items():
        said, speed = timed(judge, [*with_secret, *without])
        hits, wrong = said[: len(with_secret)], said[len(with_secret) :]
        result[name] = (sum(hits) / len(hits), sum(wrong) / len(wrong))
        print(f"{name:16}  recall {result[name][0]:7.2%}  false alarms {result[name][1]:7.2%}  {speed:6.2f} MB/s")
        missed[name] = Counter(line.kind for line, hit in zip(with_secret, hits, strict=True) if not hit)
    total = Counter(line.kind for line in with_secret)
    for name, kinds in missed.items():
        listed = ", ".join(f"{kind} {count}/{total[kind]}" for kind, count in kinds.most_common(20))
        print(f"missed by {name}: {listed or 'none'}" + (", …" if len(kinds) > 20 else ""))
    return result


# --- the corpus


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def texts_of(path: Path) -> Iterator[list[str]]:
    """The strings of each JSON value of a file, or the file as it is."""
    raw = path.read_text("utf-8", "replace")
    for part in raw.splitlines() if path.suffix == ".jsonl" else [raw]:
        try:
            yield list(strings(json.loads(part)))
        except ValueError:
            yield [part]


def sessions_of(folder: Path) -> list[Seen]:
    """The records that an import of the folder makes: what redaction gets to do."""
    made: list[Seen] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with open(path, "rb") as file:
            head = file.read(HEAD)
            reader = next((each for each in READERS if each.knows(head)), None)
            file.seek(0)
            made += reader.read(file, Counts(), str(path)) if reader else ()
    return made


def size_of(records: list[Seen]) -> float:
    """Megabytes of their texts."""
    fields = [strings(dataclasses.asdict(record)) for record in records]
    return sum(len(text.encode("utf-8", "surrogatepass")) for texts in fields for text in texts) / 1e6


def all_texts(folder: Path) -> list[Seen]:
    """A call for each JSON value of any file, with its longest string for output: nothing is left out."""
    made: list[Seen] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        for texts in texts_of(path):
            texts.sort(key=len)
            given = {f"field{number}": text for number, text in enumerate(texts[:-1])}
            call = ToolCall(str(len(made)), "X", given, texts[-1] if texts else "", True, 0, 0.0)
            made.append(CallSeen(path.name, "", call))
    return made


def corpus_speed(records: list[Seen], megabytes: float, runs: int) -> list[float]:
    """MB a second of this process's time: first with everything cold, then warm."""
    speeds = []
    for _ in range(runs + 1):
        redactor = Redactor(b"key", {})
        begin = time.process_time()
        redactor.records(records)
        speeds.append(megabytes / (time.process_time() - begin))
    return speeds


def alarms(records: list[Seen]) -> Counter[tuple[str, str]]:
    """Every alarm: (kind, what stands around it)."""
    scanner, found = Scanner(), Counter[tuple[str, str]]()
    for record in records:
        assert isinstance(record, CallSeen)
        for text in [*record.call.input.values(), record.call.output]:
            data = text.encode("utf-8", "surrogatepass")
            for each in scanner.find(data, scanner.suspects(data)):
                around = data[max(each.start - 40, 0) : min(each.end, each.start + 60)]
                found[each.kind, around.decode("utf-8", "replace").replace("\n", "⏎")] += 1
    return found


def over_corpus(folder: Path, runs: int) -> tuple[Row, Budget]:
    records, sessions = all_texts(folder), sessions_of(folder)
    calls = [record.call for record in records if isinstance(record, CallSeen)]
    texts = [text for call in calls for text in [*call.input.values(), call.output]]
    megabytes = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) / 1e6
    scanner = Scanner()
    second = sum(bool(scanner.suspects(text.encode("utf-8", "surrogatepass"))) for text in texts)
    found = alarms(records)
    print(f"corpus: {len(records):,} records, {len(texts):,} texts, {megabytes:.1f} MB")
    print(f"  texts that need the second look: {second:,} ({second / max(len(texts), 1):.3%})")
    print(f"  alarms: {sum(found.values())} ({sum(found.values()) / megabytes:.2f} a MB), {len(found)} distinct")
    for (kind, around), count in found.most_common():
        print(f"  {count:4} {kind:16} {around}")
    size = size_of(sessions)
    cold, *warm = corpus_speed(sessions, size, runs)
    print(f"  {len(sessions):,} records of its sessions, {size:.1f} MB; the first time in a process: {cold:.0f} MB/s")
    speed = Row.of("redact the records", warm, scale=1.0, unit="MB/s")
    return speed, Budget("150 MB/s against ours", SLOWEST / max(warm), 1.0)


def main() -> int:
    parser = options(__doc__, runs=5, what="times")
    parser.add_argument("--corpus", type=Path, help="a folder of transcripts to judge too")
    given = parser.parse_args()
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    print(machine())
    judged = labelled({"agentjit": ours, "detect-secrets": theirs})
    recall, wrong = judged["agentjit"]
    budgets = [
        Budget("missed", 100 * (1 - recall), 100 * MISSES, "%"),
        Budget("false alarms", 100 * wrong, 100 * FALSE_ALARMS, "%"),
    ]
    rows = []
    if given.corpus:
        row, budget = over_corpus(given.corpus, given.runs)
        rows.append(row)
        budgets.append(budget)
    return finish(rows, budgets, as_json=given.as_json)


if __name__ == "__main__":
    raise SystemExit(main())
