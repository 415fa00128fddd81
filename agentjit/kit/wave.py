"""Several calls at the same time, each in a thread of its own; where one cannot be performed, the others are ended."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .calls import Call, Result
from .drive import StepFailed, WaveFailed

PerformUntil = Callable[[Call, Callable[[], bool]], Result]


def performed(calls: tuple[Call, ...], perform: PerformUntil) -> tuple[Result, ...]:
    """The results of `calls` in their order; raises `WaveFailed` at the first that `perform` cannot do.

    `perform` is given what tells it that it is to stop, and then raises `StepFailed`, soon.
    """
    stop = threading.Event()
    results: list[Result | None] = [None] * len(calls)
    failures: list[tuple[int, StepFailed]] = []  # in the order they happened

    def one(place: int) -> None:
        try:
            results[place] = perform(calls[place], stop.is_set)
        except StepFailed as failure:
            failures.append((place, failure))
            stop.set()
        except BaseException as error:
            failures.append((place, StepFailed("a call to be done", f"{type(error).__name__}: {error}")))
            stop.set()

    threads: list[threading.Thread] = []
    try:
        for place in range(len(calls)):
            thread = threading.Thread(target=one, args=(place,), name=f"aj-{place}")
            try:
                thread.start()
            except RuntimeError as error:  # no more threads
                failures.append((place, StepFailed("calls to be made at the same time", str(error))))
                stop.set()
                break
            threads.append(thread)
        for thread in threads:
            thread.join()
    except BaseException:  # we are interrupted: nothing may go on without us
        stop.set()
        for thread in threads:
            thread.join()
        raise
    done = tuple(result for result in results if result is not None)
    if not failures and len(done) == len(calls):
        return done
    raise _failed(calls, failures, results)


def _failed(
    calls: tuple[Call, ...], failures: list[tuple[int, StepFailed]], results: list[Result | None]
) -> WaveFailed:
    place, failure = failures[0]
    ended = [call.text for at, call in enumerate(calls) if at != place and results[at] is None]
    also = "; ended with it, and perhaps half done: " + ", ".join(f"`{text}`" for text in ended) if ended else ""
    return WaveFailed(StepFailed(failure.expected, failure.seen + also), place, results)
