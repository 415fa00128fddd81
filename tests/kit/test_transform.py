"""Transformations do what their names say, and refuse what they are not for."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentjit.kit import transform


@pytest.mark.parametrize(
    ("by", "value", "result"),
    [
        ("basename", "src/app.py", "app.py"),
        ("basename", "a b/c d.txt", "c d.txt"),
        ("dirname", "src/lib/app.py", "src/lib"),
        ("dirname", "/app.py", "/"),
        ("stem", "src/app.tar.gz", "app.tar"),
        ("stem", ".env", ".env"),
        ("suffix", "src/app.py", ".py"),
        ("without_suffix", "src/app.py", "src/app"),
        ("lower", "ÄPFEL", "äpfel"),
        ("upper", "prod", "PROD"),
        ("capitalize", "cart2", "Cart2"),
        ("capitalize", "fix the OAuth page", "Fix the OAuth page"),
        ("title_case", "user_name", "User Name"),
        ("kebab", "UserNameServer", "user-name-server"),
        ("kebab", "Fix the API of 404 pages", "fix-the-api-of-404-pages"),
        ("snake", "user-name", "user_name"),
        ("camel", "user-name", "userName"),
        ("pascal", "user name", "UserName"),
        ("pascal", "cart2-list", "Cart2List"),
        ("increment", "41", "42"),
        ("decrement", "42", "41"),
        ("next_patch", "v1.2.9", "v1.2.10"),
        ("next_minor", "1.2.9", "1.3.0"),
        ("next_major", "v1.2.9", "v2.0.0"),
        ("strip_v", "v1.2", "1.2"),
        ("date:%Y%m%d", "2026-03-04", "20260304"),
        ("date:%d.%m.%Y", "2026-03-04", "04.03.2026"),
        ("part:/:-1", "org/team/app", "app"),
        ("part:-:0", "AJ-77", "AJ"),
        ("part:::1", "host:80", "80"),
    ],
)
def test_applied(by: str, value: str, result: str) -> None:
    assert transform.apply(by, value) == result


@pytest.mark.parametrize(
    ("by", "value"),
    [
        ("increment", "four"),
        ("increment", "٤"),
        ("increment", "007"),
        ("increment", "-1"),
        ("increment", "9" * 5000),
        ("decrement", "0"),
        ("next_patch", "1.2"),
        ("next_patch", "1.2.3-rc1"),
        ("strip_v", "1.2"),
        ("strip_v", "version"),
        ("date:%Y", "2026-02-30"),
        ("date:%Y", "today"),
        ("date:%H", "2026-03-04"),
        ("date:%s", "2026-03-04"),
        ("date:%", "2026-03-04"),
        ("date:", "2026-03-04"),
        ("basename", "src/"),
        ("basename", ".."),
        ("basename", "https://host/a"),
        ("dirname", "app.py"),
        ("suffix", "Makefile"),
        ("part:/:1", "app"),
        ("part:/:5", "a/b"),
        ("part:/:1", "a/"),
        ("part:/", "a/b"),
        ("kebab", "$(rm -rf ~)"),
        ("kebab", "Fix h2o"),
        ("kebab", "cart2"),
        ("kebab", "Fix OAuthLogin"),
        ("kebab", "APIKey"),
        ("snake", "Bump to 2.5"),
        ("pascal", "API key"),
        ("pascal", "h2o"),
        ("camel", "user APIKey"),
        ("title_case", "cart2"),
        ("capitalize", "user-card"),
        ("capitalize", "userCard"),
        ("kebab", "--"),
        ("camel", ""),
        ("upper", ""),
        ("count", "abc"),
        ("joined:, ", "abc"),
        ("upper:x", "abc"),
        ("eval", "1"),
        ("__class__", "1"),
        ("", "1"),
    ],
)
def test_refused(by: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        transform.apply(by, value)


def test_lists() -> None:
    assert transform.apply_to_list("count", ["a", "b"]) == "2"
    assert transform.apply_to_list("joined:, ", ["a", "b"]) == "a, b"
    with pytest.raises(ValueError, match="no list"):
        transform.apply_to_list("count", "ab")
    with pytest.raises(ValueError, match="not for lists"):
        transform.apply_to_list("upper", ["a"])


def test_every_transformation_is_a_function_of_its_name() -> None:
    arguments = {"date": ":%Y", "part": ":/:0", "joined": ":, "}
    for name in transform.NAMES:
        function, given_too = transform.call(name + arguments.get(name, ""))
        assert function == name
        assert callable(getattr(transform, name))
        assert len(given_too) == {"date": 1, "joined": 1, "part": 2}.get(name, 0)


SIMPLE = [name for name in transform.NAMES if name not in ("date", "part", *transform.OF_LISTS)]


@given(st.sampled_from([*SIMPLE, "date:%Y%m%d", "part:/:-1", "part:-:0", "part:_:1"]), st.text(max_size=60))
def test_any_text_is_transformed_or_refused(by: str, value: str) -> None:
    """Never another error, never an empty result, never a line or a NUL that was not there."""
    try:
        result = transform.apply(by, value)
    except ValueError:
        return
    assert result
    assert "\n" not in result or "\n" in value
    assert "\0" not in result or "\0" in value


@given(st.integers(0, 10**15))
def test_counting_up_and_down(number: int) -> None:
    assert transform.decrement(transform.increment(str(number))) == str(number)


@given(st.dates(datetime.date(1000, 1, 1), datetime.date(9999, 12, 31)))
def test_dates_can_be_read_back(day: datetime.date) -> None:
    told = transform.date(day.isoformat(), "%Y%m%d")
    assert datetime.datetime.strptime(told, "%Y%m%d").date() == day


@given(st.lists(st.from_regex(r"\A[a-z]{1,8}\Z"), min_size=1, max_size=4))
def test_spellings_of_one_name(words: list[str]) -> None:
    """However a name is spelled, each spelling can be made of each other."""
    spelled = {by: transform.apply(by, " ".join(words)) for by in ("kebab", "snake", "title_case")}
    for by in spelled:
        for other, text in spelled.items():
            assert transform.apply(by, text) == spelled[by], (by, other)
