"""Valid documents made wrong: for tests that readers take whatever a file holds."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agentjit.home import Home
from agentjit.observe.reader import Counts, Reader
from agentjit.observe.redact import Redactor
from agentjit.store import Store
from agentjit.trace import CallSeen, Seen

_ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**70,
    1e308 * 10,
    float("nan"),
    "",
    "REDACTED",
    "\ud800",
    "a\0b",
    "/a\0b",
    "/\ud800",
    "2026-13-45T99:99:99Z",
    [],
    [[]],
    {},
    {"text": {"text": 1}},
    ["x", None, {"type": "text"}],
)


def _slots(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a document that holds something: (container, key)."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(pairs):
        yield value, key
        yield from _slots(item)


def mutated(value: Any, random: Random) -> Any:
    """A copy in which some things are missing, doubled, or of another type."""
    value = copy.deepcopy(value)
    for _ in range(random.randint(1, 4)):
        slots = list(_slots(value))
        if not slots:
            return value
        holder, key = random.choice(slots)
        match random.randrange(4):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, list):
                holder.insert(key, copy.deepcopy(holder[key]))
            case 2:
                deep: Any = "deep"
                for _ in range(150):
                    deep = [deep]
                holder[key] = deep if random.random() < 0.2 else copy.deepcopy(random.choice(_ODD))
            case _:
                holder[key] = copy.deepcopy(random.choice(_ODD))
    return value


def damaged(content: bytes, random: Random) -> bytes:
    """The same for bytes: cut off, with a hole, or with other bytes in the middle."""
    first, second = sorted(random.randint(0, len(content)) for _ in range(2))
    middle = random.choice((b"", b"\0", b"\xff\xfe", b"\n", b"}{", b"<<<<<<< HEAD\n", b"[" * 500))
    return random.choice((content, content[:first], content[:first] + middle + content[second:]))


def no_document_raises(home: Home, folder: Path, reader: Reader, make: Callable[[Random], bytes]) -> None:
    """Reads what `make` gives, 200 times; every record has an id and can be stored."""
    path = folder / "mutant.json"
    redactor = Redactor(b"key", {})
    with Store.open(home, write=True) as store:

        @settings(
            max_examples=200,
            deadline=None,
            phases=[Phase.generate],
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.randoms(use_true_random=False))
        def run(random: Random) -> None:
            content = damaged(make(random), random)
            path.write_bytes(content)
            with path.open("rb") as file:
                records = [redactor.record(record) for record in reader.read(file, Counts(), str(path))]
            assert all(_sound(record) for record in records)
            store.add(records)

        run()
        assert store.calls_count() and store.sessions_count() and store.episodes_count()


def _sound(record: Seen) -> bool:
    if isinstance(record, CallSeen):
        call = record.call
        named = call.id and record.session and call.tool and call.id != "REDACTED"
        return bool(named) and call.at == call.at and (call.seconds is None or call.seconds >= 0)
    return bool(record.session)


def records(reader: Reader, content: bytes | str, counts: Counts | None = None, path: str = "/x.json") -> list[Seen]:
    """The records of a file that only exists in memory."""
    given = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return list(reader.read(io.BytesIO(given), counts or Counts(), path))


def lines(*values: Any) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)
