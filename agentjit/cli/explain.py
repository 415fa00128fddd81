"""A hotspot explained to a person: its steps, where, when, how often, how stable, what it costs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from agentjit.cli.terminal import counted, line, local
from agentjit.detect.mine import Mined, Rejected
from agentjit.detect.mining.coarse import heads
from agentjit.detect.phrases import phrase
from agentjit.hotspot import Hotspot

_DAY = 86400.0
_HOURS = 6  # a habit that keeps within so many hours of the day has a time
_DATES = 4  # from which on a habit may have its days and hours
_MOST = 0.8  # of the occurrences are "mostly"
_NONE = 0.05  # sessions: fewer expected are next to none
_SHOWN = 110  # characters of a command
_WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def explained(hotspot: Hotspot) -> Iterator[str]:
    """Lines about the hotspot, its prompt and what becomes of it aside."""
    yield from _steps(hotspot)
    yield f"  where   {_where(hotspot)}"
    yield f"  when    {when([occurrence.episode.at for occurrence in hotspot.occurrences])}"
    yield f"  stable  {stable(hotspot)}"
    if hotspot.chance:
        yield f"  chance  {chance(hotspot)}"
    if costs := cost(hotspot):
        yield f"  costs   {costs}"


def _steps(hotspot: Hotspot) -> Iterator[str]:
    """Each step in words, and as it was written the last time."""
    if not hotspot.signature:
        yield "  steps   other ones each time"
        return
    yield "  steps   as they were taken the last time:"
    written = _written(hotspot)
    words = [
        phrase(signature) + _often(hotspot, place) + _ways(hotspot, place)
        for place, signature in enumerate(hotspot.signature)
    ]
    wide = min(48, max(map(len, words), default=0))
    for place, (signature, words_of) in enumerate(zip(hotspot.signature, words, strict=True)):
        text = line(written.get(signature) or written.get(heads(signature), signature))
        shown = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
        yield f"    {place + 1}. {words_of:<{wide}}  {shown}"


def _often(hotspot: Hotspot, place: int) -> str:
    """How often the step was taken in a row, and in how many of the runs if some left it out."""
    low, high = hotspot.loops[place] if hotspot.loops else (1, 1)
    runs = [each.repeats[place] if each.repeats else 1 for each in hotspot.occurrences]
    some = f" (in {sum(map(bool, runs))} of {len(runs)} runs)" if low == 0 else ""
    low = min(filter(None, runs), default=1)
    turn = ", in turn with the next" if high > 1 and _in_turn(hotspot, place) else ""
    return ("" if high == 1 else f" ×{low}" if low == high else f" ×{low}–{high}") + turn + some


def _in_turn(hotspot: Hotspot, place: int) -> bool:
    """Whether the step and the one after it were repeated together: as often as each other in every run."""
    each = [occurrence.repeats for occurrence in hotspot.occurrences if occurrence.repeats]
    return place + 1 < len(hotspot.signature) and all(times[place] == times[place + 1] for times in each)


def _ways(hotspot: Hotspot, place: int) -> str:
    ways = hotspot.ways[place] if hotspot.ways else 1
    return f", written in {ways} ways" if ways > 1 else ""


def _written(hotspot: Hotspot) -> dict[str, str]:
    """How each action was written the last time: by its signature, and by its program and subcommand alone."""
    newest = max(hotspot.occurrences, key=lambda occurrence: occurrence.episode.at)
    found: dict[str, str] = {}
    for action in (action for operation in newest.operations for action in operation.actions):
        text = action.text or action.signature
        found[action.signature] = text
        head = heads(action.signature)
        for name in (head, head.partition(" ")[2]):
            found.setdefault(name, text)
    return found


def _where(hotspot: Hotspot) -> str:
    folders = [_short(folder) for folder in hotspot.directories]
    more = f" and {counted(len(folders) - 3, 'other folder')}" if len(folders) > 3 else ""
    return ", ".join(folders[:3]) + more


def _short(folder: str) -> str:
    home = os.path.expanduser("~").rstrip("/")
    shown = f"~{folder[len(home) :]}" if home and (folder == home or folder.startswith(f"{home}/")) else folder
    return line(shown) or "an unknown folder"


def when(times: Sequence[float]) -> str:
    """How often and since when, and the days and hours it keeps to; `times` are Unix seconds."""
    first, last = min(times), max(times)
    moments = [datetime.fromtimestamp(at) for at in times]
    weeks = (last - first) / (7 * _DAY)
    often = counted(len(times), "time")
    if weeks >= 1:
        often += f", about {_rate(len(times) / weeks)}"
    kept = ", ".join(part for part in (_days(moments), _hours(moments)) if part)
    since = f"on {local(first)[:10]}" if local(first)[:10] == local(last)[:10] else f"since {local(first)[:10]}"
    return f"{often}, {since}, last {local(last)}" + (f"; mostly {kept}" if kept else "")


def _rate(each_week: float) -> str:
    if each_week >= 7:
        return f"{each_week / 7:.0f} a day"
    if each_week >= 1:
        return f"{each_week:.0f} a week"
    return f"{max(1, round(each_week * 4.3))} a month"


def _days(moments: Sequence[datetime]) -> str:
    if len({moment.date() for moment in moments}) < _DATES:
        return ""
    day, times = Counter(moment.weekday() for moment in moments).most_common(1)[0]
    return f"on {_WEEKDAYS[day]}" if times >= _MOST * len(moments) else ""


def _hours(moments: Sequence[datetime]) -> str:
    """`between 9 and 12 o'clock`, if most fall into a few hours of the day."""
    if len({moment.date() for moment in moments}) < _DATES:
        return ""
    hours = Counter(moment.hour for moment in moments)
    windows = [
        (sum(hours[(start + n) % 24] for n in range(size)), -size, start)
        for size in range(1, _HOURS + 1)
        for start in range(24)
    ]
    enough = [each for each in windows if each[0] >= _MOST * len(moments)]
    if not enough:
        return ""
    _, size, start = max(enough, key=lambda each: (each[1], each[0]))
    return f"between {start} and {(start - size) % 24} o'clock"


def stable(hotspot: Hotspot) -> str:
    """How alike the occurrences are."""
    runs = len(hotspot.occurrences)
    if hotspot.unstable:
        return f"no: {line(hotspot.unstable)}"
    varying = [str(place + 1) for place, ways in enumerate(hotspot.ways) if ways > 1]
    flags = f"; the flags vary in {'steps' if len(varying) > 1 else 'step'} {', '.join(varying)}" if varying else ""
    exact = round(hotspot.stability * runs)
    if exact == runs:
        return f"these steps in this order every time ({runs} of {runs}){flags}"
    orders = len({occurrence.order for occurrence in hotspot.occurrences})
    rest = "the others with some left out, repeated, or in another order"
    count = f" ({orders} orders)" if orders > 1 else ""
    return f"these steps in this order {exact} of {runs} times, {rest}{count}{flags}"


def chance(hotspot: Hotspot) -> str:
    """How it compares with chance, with the figures."""
    found = hotspot.chance
    assert found is not None
    usual = "next to none" if found.expected < _NONE else f"about {found.expected:.1g}"
    figures = f"expected {found.expected:.2g}, p = {found.p:.1g}, FDR {found.q:.1g}"
    return f"no accident: seen in {counted(hotspot.sessions, 'session')}, chance would give {usual} ({figures})"


def compared(found: Mined) -> str:
    """How many sequences were compared with chance, and what came of it; "" if there was none."""
    if not found.tried:
        return ""
    several = counted(found.tried, "recurring sequence was", "recurring sequences were")
    beat = len(found.hotspots)
    if not beat:
        return f"{several} compared with chance, and none beats it (at a false discovery rate of {found.rate:.0%})."
    rest = max(0, found.tried - beat)
    rate = f"At most {found.rate:.0%} of those shown may be chance (the false discovery rate, FDR)."
    if not rest:
        return f"{several} compared with chance, and {'all beat' if beat > 1 else 'beats'} it. {rate}"
    others = f"the other {rest} {'is' if rest == 1 else 'are'} no more than that, or part of what is shown"
    return f"{several} compared with chance, {beat} {'beats' if beat == 1 else 'beat'} it; {others}. {rate}"


def rejected(found: Rejected) -> str:
    """A sequence that chance would have as well."""
    steps = ", ".join(line(phrase(signature)) for signature in found.steps)
    seen = counted(found.sessions, "session")
    return f"chance would do: {steps} – in {seen}, {found.chance.expected:.1f} expected"


def cost(hotspot: Hotspot) -> str:
    """What one run costs the agent, and what all did."""
    one = [counted(round(hotspot.requests), "model request") if hotspot.requests else ""]
    one += [f"{hotspot.tokens:,.0f} tokens" if hotspot.tokens else "", _seconds(hotspot.seconds)]
    each = ", ".join(part for part in one if part)
    if not each:
        return ""
    total = f"{hotspot.tokens * len(hotspot.occurrences):,.0f} tokens until now" if hotspot.tokens else ""
    return f"{each} each time" + (f"; {total}" if total else "")


def _seconds(seconds: float | None) -> str:
    if not seconds:
        return ""
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
