"""Transformations of a value: what a name becomes on its way into a command. Pure; each raises `Inapplicable` (a
`ValueError`) where it does not apply, so that a run stops instead of guessing.

A transformation is written `name` or `name:argument`: `basename`, `date:%Y%m%d`, `part:/:-1` (the last part at each
`/`). `apply` performs it, `call` gives it as a function call with its arguments.

**Words of a name.** `title_case`, `kebab`, `snake`, `camel` and `pascal` take a name apart: at spaces, dashes and
underscores; a name without any of them, before each capital (`UserName`). People do not agree on anything else, so it
does not apply: a dot; capitals within words that are parted already (`Fix OAuth`); several capitals in a row beside
small letters (`APIKey`); a word in capitals that would get small letters (`API key` as `ApiKey`); a digit beside a
letter where words are parted by a sign (`h2o`: `h2o` or `h-2-o`); a letter behind a digit where they begin with a
capital (`h2o`: `H2o` or `H2O`).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from .checks import Inapplicable

Transform = str

_VERSION = re.compile(r"(v?)(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})", re.ASCII)
_INTEGER = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_WORD = re.compile(r"[A-Z][a-z0-9]*|[a-z][a-z0-9]*", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9]+(?:[ _-]+[A-Za-z0-9]+)*", re.ASCII)
_DIRECTIVES = frozenset("YmdyjbBaAeGVu")  # of the date alone: a time of day is not known
_CASED = re.compile(r"[A-Za-z][a-z0-9]*(?:[A-Z][a-z0-9]+)*", re.ASCII)  # no two capitals in a row
_LONGEST = 4096  # characters; what is longer is no name


def basename(value: str) -> str:
    """The last component of a path: `src/app.py` -> `app.py`."""
    return _some(posixpath.basename(_path(value)), "a path with a name at its end", value)


def dirname(value: str) -> str:
    """All but the last component of a path: `src/app.py` -> `src`."""
    return _some(posixpath.dirname(_path(value)), "a path with a folder", value)


def stem(value: str) -> str:
    """The last component without its suffix: `src/app.py` -> `app`."""
    return _some(posixpath.splitext(basename(value))[0], "a file name", value)


def suffix(value: str) -> str:
    """The suffix with its dot: `src/app.py` -> `.py`."""
    return _some(posixpath.splitext(basename(value))[1], "a file name with a suffix", value)


def without_suffix(value: str) -> str:
    """The path without its suffix: `src/app.py` -> `src/app`."""
    suffix(value)
    return posixpath.splitext(value)[0]


def lower(value: str) -> str:
    """In small letters."""
    return _text(value).lower()


def upper(value: str) -> str:
    """In capitals."""
    return _text(value).upper()


def capitalize(value: str) -> str:
    """The first letter a capital, the rest as it is: `cart2` -> `Cart2`, `fix the cart` -> `Fix the cart`. Does not
    apply to a name of several words (`user-name`, `userName`), of which each could get one.
    """
    if re.search(r"[_.-]", _text(value)) or (" " not in value and value[1:] != value[1:].lower()):
        raise Inapplicable(f"{value[:60]!r} is a name of several words: any of them could get a capital")
    return value[:1].upper() + value[1:]


def title_case(value: str) -> str:
    """Each word with a capital: `user_name` -> `User Name`."""
    return " ".join(word.capitalize() for word in _words(value, whole=True, capitals=True))


def kebab(value: str) -> str:
    """`UserName`, `user_name`, `user name` -> `user-name`."""
    return "-".join(_words(value, whole=True))


def snake(value: str) -> str:
    """`UserName`, `user-name`, `user name` -> `user_name`."""
    return "_".join(_words(value, whole=True))


def camel(value: str) -> str:
    """`user-name` -> `userName`."""
    first, *rest = _words(value, capitals=True)
    return first + "".join(word.capitalize() for word in rest)


def pascal(value: str) -> str:
    """`user-name` -> `UserName`."""
    return "".join(word.capitalize() for word in _words(value, capitals=True))


def increment(value: str) -> str:
    """The next whole number."""
    return str(_number(value) + 1)


def decrement(value: str) -> str:
    """The whole number before; there is none before 0."""
    number = _number(value)
    if number == 0:
        raise Inapplicable("nothing comes before 0")
    return str(number - 1)


def next_patch(value: str) -> str:
    """`1.2.3` -> `1.2.4`; a `v` before it stays."""
    v, major, minor, patch = _version(value)
    return f"{v}{major}.{minor}.{patch + 1}"


def next_minor(value: str) -> str:
    """`1.2.3` -> `1.3.0`; a `v` before it stays."""
    v, major, minor, _ = _version(value)
    return f"{v}{major}.{minor + 1}.0"


def next_major(value: str) -> str:
    """`1.2.3` -> `2.0.0`; a `v` before it stays."""
    v, major, _, _ = _version(value)
    return f"{v}{major + 1}.0.0"


def strip_v(value: str) -> str:
    """A version without its `v`: `v1.2` -> `1.2`."""
    if not re.fullmatch(r"v[0-9][0-9A-Za-z.+-]*", value, re.ASCII):
        raise Inapplicable(f"{value[:60]!r} is no version that begins with v")
    return value[1:]


def date(value: str, form: str) -> str:
    """A day, given as YYYY-MM-DD, in another form (`strftime` directives of the date alone)."""
    directives = re.findall(r"%(.?)", form.replace("%%", ""))
    if not directives or not set(directives) <= _DIRECTIVES:
        raise Inapplicable(f"{form!r} is no form of a date")
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value, re.ASCII):
        raise Inapplicable(f"{value[:60]!r} is not a day as YYYY-MM-DD")
    import datetime  # only here: most programs need no dates, and start a little sooner

    return datetime.date.fromisoformat(value).strftime(form)


def part(value: str, separator: str, index: int) -> str:
    """The part at `index` (0 the first, -1 the last) of a value that has the separator."""
    parts = _text(value).split(separator) if separator else [value]
    if len(parts) < 2 or not -len(parts) <= index < len(parts):
        raise Inapplicable(f"{value[:60]!r} has no part {index} at {separator!r}")
    return _some(parts[index], f"something in part {index} at {separator!r}", value)


def count(values: Sequence[str]) -> str:
    """How many values a list has."""
    return str(len(_list(values)))


def joined(values: Sequence[str], separator: str) -> str:
    """The values of a list in their order, with `separator` between them."""
    return separator.join(_list(values))


_FUNCTIONS = {
    function.__name__: function
    for function in (
        *(basename, dirname, stem, suffix, without_suffix, lower, upper, capitalize, title_case, kebab, snake, camel),
        *(pascal, increment, decrement, next_patch, next_minor, next_major, strip_v),
    )
}
OF_LISTS = ("count", "joined")
"""Those that make one text of a list."""

NAMES = (*_FUNCTIONS, "date", "part", *OF_LISTS)
"""Every transformation, by the name of its function."""


def call(by: Transform) -> tuple[str, tuple[str | int, ...]]:
    """The function of a transformation and what it is given besides the value: `part:/:-1` -> `part`, `("/", -1)`."""
    name, colon, rest = by.partition(":")
    if name in ("date", "joined") and colon and (rest or name == "joined"):
        return name, (rest,)
    if name == "part":
        separator, second, index = rest.rpartition(":")
        if second and separator and re.fullmatch(r"-?[0-9]{1,3}", index, re.ASCII):
            return name, (separator, int(index))
    if not colon and (name in _FUNCTIONS or name == "count"):
        return name, ()
    raise Inapplicable(f"{by!r} is no transformation")


def apply(by: Transform, value: str) -> str:
    """`value`, transformed. Raises `ValueError` where it cannot be, or if there is no such transformation."""
    name, given = call(by)
    if name == "date":
        return date(value, str(given[0]))
    if name == "part":
        return part(value, str(given[0]), int(given[1]))
    if name in OF_LISTS:
        raise Inapplicable(f"{by} is for lists")
    return _FUNCTIONS[name](value)


def apply_to_list(by: Transform, values: Sequence[str]) -> str:
    """A list as one text, by `count` or `joined`."""
    name, given = call(by)
    if name == "count":
        return count(values)
    if name == "joined":
        return joined(values, str(given[0]))
    raise Inapplicable(f"{by} is not for lists")


# --- what they apply to


def _some(result: str, wanted: str, value: str) -> str:
    if not result or result.startswith("-"):  # what was a part must not become an option
        raise Inapplicable(f"{value[:60]!r} is not {wanted}")
    return result


def _text(value: str) -> str:
    if not value or len(value) > _LONGEST:
        raise Inapplicable(f"a text of {len(value)} characters is no name")
    return value


def _path(value: str) -> str:
    if not _text(value).strip("/.") or "://" in value or "\n" in value or "\0" in value:
        raise Inapplicable(f"{value[:60]!r} is no path to a file")
    return value


def _words(value: str, *, whole: bool = False, capitals: bool = False) -> list[str]:
    """The words of a name in small letters. `whole`: they are parted by a sign afterwards, so a digit beside a letter
    could be one; `capitals`: they get a capital each, so words in capitals, and letters behind a digit, could stay.
    """
    parts = re.split("[ _-]+", value) if _NAME.fullmatch(_text(value)) else []
    words = _WORD.findall(value) if len(parts) == 1 and _CASED.fullmatch(value) else parts
    if not any(word[0].isalpha() for word in words):
        raise Inapplicable(f"{value[:60]!r} is no name made of words")
    for word in words:
        if whole and not word.isdigit() and not word.isalpha():
            raise Inapplicable(f"{value[:60]!r} has a digit beside a letter: that may be one word or two")
        if word[1:] != word[1:].lower() and not word.isupper():
            raise Inapplicable(f"{value[:60]!r} has capitals that may begin a word or not")
        if capitals and (re.search("[0-9][A-Za-z]", word) or (len(word) > 1 and word.isupper())):
            raise Inapplicable(f"{value[:60]!r} has a word that may get one capital or several")
    return [word.lower() for word in words]


def _number(value: str) -> int:
    if not _INTEGER.fullmatch(value):
        raise Inapplicable(f"{value[:60]!r} is no whole number")
    return int(value)


def _version(value: str) -> tuple[str, int, int, int]:
    found = _VERSION.fullmatch(value)
    if not found:
        raise Inapplicable(f"{value[:60]!r} is no version of three numbers")
    return found[1], int(found[2]), int(found[3]), int(found[4])


def _list(values: Sequence[str]) -> list[str]:
    if isinstance(values, str):
        raise Inapplicable("one text is no list")
    return list(values)
