"""The lexer of shell lines: what bash reads where a line has nothing but simple commands (standard library only).

It refuses whatever it does not know by heart. `shell.py` puts its findings before a second reader.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from agentjit.detect.inside import here_text, printed_text, value_of
from agentjit.hotspot import Command, Redirect, Word

_DEPTH = 12  # of substitutions in substitutions
# in a line, behind a `[`, in a line of a here-document: tree-sitter's time grows with the square of each
_COMMANDS, _BRACKETS, _EXPANSIONS = 200, 1_000, 200
_RESERVED = {
    **dict.fromkeys(("for", "while", "until", "select", "do", "done"), "a loop"),
    **dict.fromkeys(("if", "then", "elif", "else", "fi", "case", "esac", "in"), "a condition"),
    **dict.fromkeys(("{", "}"), "a group"),
    **dict.fromkeys(("[[", "]]"), "a [[ test"),
    "function": "a function",
    "coproc": "a coprocess",
    "time": "the time keyword",
    "!": "a negation",
}
_BLANKS = re.compile(r"(?:[ \t]|\\\n)+")
_CONNECTOR = re.compile(r"&&|\|\||\|&|[|;\n]|&(?!>)")
_REDIRECT = re.compile(r"[0-9]*(?:<<<|<<-|<<|<>|<&|<|>>|>&|>\||>)|&>>|&>")
_BARE = re.compile(r"[^ \t\n;&|<>()\\'\"$`*?\[~{]+")
# literal words with a blank after each: nothing in them could be an operator, an assignment or a quote
_RUN = re.compile(r"(?:[A-Za-z0-9_./:,@%+^!-][A-Za-z0-9_./:,@%+^!=-]*+ )+")
_QUOTED = re.compile(r"[^\\\"$`]+")
_ANSI = re.compile(r"\$'(?:[^'\\]|\\.)*'", re.DOTALL)
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\[|\+?=)")
_EXPANDS = re.compile(r"\$[A-Za-z0-9_@*#?$!({\[-]")
_VARIABLE = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])")
# ${NAME} and its harmless forms: a length, a default, a cut, a slice by numbers; neither ${!x}, ${x@P} nor ${x:=y}
_BRACED = re.compile(
    r"\$\{(?:#?[A-Za-z0-9_]+|[@*?#$!-]"
    r"|[A-Za-z0-9_]+(?::?[-+?]|%%?|##?|//?|\^\^?|,,?)[^\\'\"`${}()<>;&|\s\[\]]*"
    r"|[A-Za-z0-9_]+:(?: ?-)?[0-9]+(?::[0-9]+)?)\}"
)
_SUM = re.compile(r"\$\(\([0-9 +*/%-]*\)\)")
_SIMPLE = (_VARIABLE, _BRACED, _SUM)
_BACKQUOTED = re.compile(r"`([^`\\\"#\n]*)`")
_ADDRESS = re.compile(r"https?://")
# @{1} and {} stay as they are; {a,b} and {1..3} do not
_LITERAL_BRACE = re.compile(r"[\w:@%+^-]*\}|(?=[ \t\n]|\Z)")
# what bash may take for the descriptor of the redirection after it
_NEAR_DESCRIPTOR = re.compile(r"[0-9\\\n'\"]*|\{.*", re.DOTALL)


class Opaque(Exception):
    """The line is not taken apart; the argument is the reason."""


@dataclass(slots=True)
class Draft:
    """A command while it is read; here-document bodies arrive after the command is over."""

    words: list[Word] = field(default_factory=list)
    before: list[Word] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not (self.words or self.before or self.redirects)

    def command(self) -> Command:
        raw = tuple(word.raw for word in self.before)
        return Command(tuple(self.words), raw, tuple(self.redirects), tuple(map(value_of, self.before)))


@dataclass(slots=True)
class _Heredoc:
    """A here-document whose body is still to come: `draft.redirects[index]`."""

    draft: Draft
    index: int
    delimiter: str
    quoted: bool
    tabs: bool


class Reader:
    """The lexer: `at` is the next character of `text`, `end` where it stops.

    `nested` gathers the commands inside substitutions; `programs` and `substitutions` the offsets of both.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.end = len(text)
        self.at = 0
        self.depth = 0
        self.count = 0
        self.nested: list[Draft] = []
        self.programs: set[int] = set()
        self.substitutions: set[tuple[int, int]] = set()
        self.heredocs: list[_Heredoc] = []

    def commands(self, closing: str = "") -> tuple[list[Draft], list[str]]:
        """Everything up to `closing` (or the end): the commands and what stands between them."""
        drafts: list[Draft] = []
        connectors: list[str] = []
        pending = ""
        draft = Draft()
        while self._skip_blanks() and self.text[self.at] != closing:
            if draft.words and (run := _RUN.match(self.text, self.at, self.end)):
                self._run(draft, run[0])
                continue
            connector = _CONNECTOR.match(self.text, self.at, self.end)
            if not connector:
                if draft.empty:
                    self._begin(drafts, connectors, pending)
                self._part(draft)
                continue
            self.at = connector.end()
            self._whole_operator()
            if connector[0] == "\n":
                self._heredoc_bodies()
            if not draft.empty:
                drafts.append(draft)
                draft, pending = Draft(), connector[0]
            elif connector[0] != "\n":
                raise Opaque("a connector without a command")
        if not draft.empty:
            drafts.append(draft)
        elif pending not in ("", ";", "\n"):
            raise Opaque("a command in the background" if pending == "&" else "a connector without a command")
        if self.heredocs:
            raise Opaque("a here-document without its end")
        return drafts, connectors

    def _whole_operator(self) -> None:
        """A continued line may go on with the same operator: `<<`, newline, `-`."""
        if self.text[self.at - 1] != "\n" and self.text.startswith("\\\n", self.at):
            raise Opaque("an operator in two lines")

    def _begin(self, drafts: list[Draft], connectors: list[str], pending: str) -> None:
        self.count += 1
        if self.count > _COMMANDS:
            raise Opaque("too many commands")
        if drafts:
            connectors.append(pending)

    def _skip_blanks(self) -> bool:
        """Pass blanks and comments; whether anything is left."""
        if blanks := _BLANKS.match(self.text, self.at, self.end):
            self.at = blanks.end()
        if self.at < self.end and self.text[self.at] == "#":
            newline = self.text.find("\n", self.at, self.end)
            self.at = self.end if newline < 0 else newline
        return self.at < self.end

    def _run(self, draft: Draft, run: str) -> None:
        """Several words of `_RUN` at once: what `_part` would make of each."""
        for raw in run[:-1].split(" "):
            end = self.at + len(raw)
            draft.words.append(Word(raw, self.at, end, raw))
            self.at = end + 1

    def _part(self, draft: Draft) -> None:
        """One more word, assignment or redirection of a command."""
        redirect = _REDIRECT.match(self.text, self.at, self.end)
        if redirect:
            self.at = redirect.end()
            self._whole_operator()
            self._redirect(draft, redirect[0], redirect.start())
            return
        if self.text[self.at] in "()":
            raise Opaque("a subshell or a function")
        word = self.word()
        if self.heredocs and "\n" in word.raw:
            raise Opaque("an unusual here-document")
        self._after_word(word)
        if draft.words:
            draft.words.append(word)
        elif assigned := _ASSIGNMENT.match(word.raw):
            if assigned[1] == "[":
                raise Opaque("an array")
            draft.before.append(word)
        else:
            self._program(draft, word)

    def _after_word(self, word: Word) -> None:
        following = self.text[self.at : self.at + 1]
        if following in ("<", ">") and _NEAR_DESCRIPTOR.fullmatch(word.raw):
            raise Opaque("an unusual redirection")
        if following == "(":
            raise Opaque("a subshell or a function")

    def _program(self, draft: Draft, word: Word) -> None:
        if word.raw in _RESERVED:
            raise Opaque(_RESERVED[word.raw])
        brackets = "[" in word.raw and (word.raw != "[" or self.text.count("[") > _BRACKETS)
        if brackets or (word.value is not None and (word.value in _RESERVED or _ASSIGNMENT.match(word.value))):
            raise Opaque("a program named like syntax")
        self.programs.add(word.start)
        draft.words.append(word)

    def _redirect(self, draft: Draft, operator: str, start: int) -> None:
        if self.text[self.at : self.at + 1] == "(":
            raise Opaque("a process substitution")
        if blanks := _BLANKS.match(self.text, self.at, self.end):
            self.at = blanks.end()
        if self.at >= self.end or self.text[self.at] in "\n;&|<>()#":
            raise Opaque("a redirection without a target")
        target = self.word()
        self._after_word(target)
        raw = self.text[start : self.at]
        if operator.lstrip("0123456789") not in ("<<", "<<-"):
            draft.redirects.append(Redirect(operator, target, raw))
            return
        if target.value is None or "\n" in raw:
            raise Opaque("an unusual here-document")
        quoted = target.raw != target.value
        self.heredocs.append(_Heredoc(draft, len(draft.redirects), target.value, quoted, operator.endswith("-")))
        draft.redirects.append(Redirect(operator, None, raw))

    def _heredoc_bodies(self) -> None:
        """The bodies of the here-documents begun in the physical line that ends before `at`."""
        waiting, self.heredocs = self.heredocs, []
        for heredoc in waiting:
            if heredoc is not waiting[0] and self.text[self.at : self.at + 1] == "\n":
                self.at += 1
            start = self.at
            stop = self._heredoc_end(heredoc)
            if not heredoc.quoted:
                lines = self.text[start:stop].split("\n")
                if any(line.endswith("\\") or line.count("$") > _EXPANSIONS for line in lines[:-1]):
                    raise Opaque("an unusual here-document")
                self._quoted_expansions(start, stop)
            begun = heredoc.draft.redirects[heredoc.index]
            raw, text = f"{begun.raw}\n{self.text[start : self.at]}", self.text[start:stop]
            body = Word(text, start, stop, here_text(text, heredoc.quoted, heredoc.tabs))
            heredoc.draft.redirects[heredoc.index] = Redirect(begun.operator, None, raw, body)

    def _heredoc_end(self, heredoc: _Heredoc) -> int:
        """Move past the delimiter's line; where that line begins."""
        while self.at < self.end:
            start = self.at
            newline = self.text.find("\n", start, self.end)
            stop = self.end if newline < 0 else newline
            line = self.text[start:stop]
            if (line.lstrip("\t") if heredoc.tabs else line) == heredoc.delimiter:
                self.at = stop  # the newline after it is a connector like any other
                return start
            self.at = stop + 1
        raise Opaque("a here-document without its end")

    def _quoted_expansions(self, start: int, stop: int) -> None:
        """The substitutions in a here-document whose delimiter is bare."""
        after, end = self.at, self.end
        self.at, self.end = start, stop
        while self.at < stop:
            char = self.text[self.at]
            if char not in "$`" or not self._expansion():
                self.at += 2 if char == "\\" else 1
        self.at, self.end = after, end

    def word(self) -> Word:
        """The word that begins at `at`."""
        start = self.at
        pieces: list[str] = []
        literal = True
        while self.at < self.end:
            if bare := _BARE.match(self.text, self.at, self.end):
                pieces.append(bare[0])
                self.at = bare.end()
                continue
            char = self.text[self.at]
            if char in " \t\n;&|<>()":
                break
            literal = self._special(char, start, pieces) and literal
        if self.at == start:
            raise Opaque("a syntax error, or too much syntax")
        raw = self.text[start : self.at]
        return Word(raw, start, self.at, "".join(pieces) if literal or raw == "[" else printed_text(raw))

    def _special(self, char: str, start: int, pieces: list[str]) -> bool:
        """One quoted or special piece of a word: its value goes to `pieces`; False if only a shell can tell."""
        if char == "'":
            pieces.append(self._until_quote())
            return True
        if char == '"':
            self.at += 1
            return self._double_quoted(pieces)
        if char == "\\":
            return self._backslash(pieces)
        if char == "$" and self.text.startswith("$'", self.at):
            return self._ansi()
        if char == "$" and self.text.startswith('$"', self.at):
            self.at += 2
            self._double_quoted(pieces)
            return False
        if char in "$`" and self._expansion():
            return False
        before = self.text[max(start, self.at - 1) : self.at]
        pieces.append(char)
        self.at += 1
        if char == "~":  # HEAD~1 is literal; ~/x, x=~/y and a:~ are not
            return before not in ("", "=", ":", "'", '"', "\n")
        if char == "{":
            return bool(_LITERAL_BRACE.match(self.text, self.at, self.end))
        if char in "?*[" and _ADDRESS.match(self.text, start, self.at):
            return True  # a pattern that could only match below a folder called `http:` stays as it is written
        return char == "$"

    def _until_quote(self) -> str:
        start = self.at + 1
        stop = self.text.find("'", start, self.end)
        if stop < 0:
            raise Opaque("an open quote")
        self.at = stop + 1
        return self.text[start:stop]

    def _backslash(self, pieces: list[str]) -> bool:
        if self.at + 1 >= self.end:
            raise Opaque("an unfinished line")
        escaped = self.text[self.at + 1]
        self.at += 2
        if escaped != "\n":
            pieces.append(escaped)
        return True

    def _ansi(self) -> bool:
        quoted = _ANSI.match(self.text, self.at, self.end)
        if not quoted:
            raise Opaque("an open quote")
        self.at = quoted.end()
        return False

    def _double_quoted(self, pieces: list[str]) -> bool:
        """The rest of a "…" piece, `at` being after its first quote; False if it holds an expansion."""
        literal = True
        while self.at < self.end:
            if plain := _QUOTED.match(self.text, self.at, self.end):
                pieces.append(plain[0])
                self.at = plain.end()
                continue
            char = self.text[self.at]
            if char == '"':
                self.at += 1
                return literal
            if char == "\\":
                escaped = self.text[self.at + 1 : self.at + 2]
                pieces.append("" if escaped == "\n" else escaped if escaped in '$`"\\' else char + escaped)
                self.at += 2
            elif self._expansion():
                literal = False
            else:
                pieces.append(char)
                self.at += 1
        raise Opaque("an open quote")

    def _expansion(self) -> bool:
        """Pass what `$` or a backquote begins; False if this `$` is just a dollar."""
        start = self.at
        if self.text[start] == "`":
            quoted = _BACKQUOTED.match(self.text, start, self.end)
            if not quoted:
                raise Opaque("unusual backquotes")
            self._substitution(start, start + 1, quoted.end() - 1)
            return True
        if self.text.startswith("$\\\n", start):
            raise Opaque("an involved expansion")
        if not _EXPANDS.match(self.text, start, self.end):
            return False
        if self.text.startswith("$(", start) and not self.text.startswith("$((", start):
            self._substitution(start, start + 2, None)
            return True
        simple = next((match for form in _SIMPLE if (match := form.match(self.text, start, self.end))), None)
        if not simple:
            raise Opaque("an involved expansion")
        self.at = simple.end()
        return True

    def _substitution(self, start: int, inside: int, stop: int | None) -> None:
        """The commands of `$(…)` (`stop` unknown) or of backquotes, into `nested`."""
        self.depth += 1
        if self.depth > _DEPTH:
            raise Opaque("too deep")
        end, heredocs = self.end, self.heredocs
        self.at, self.heredocs = inside, []
        if stop is None:
            drafts, _ = self.commands(closing=")")
        else:
            self.end = stop
            drafts, _ = self.commands()
        if stop is None and self.at >= self.end:
            raise Opaque("an open substitution")
        self.at += 1
        self.end, self.heredocs = end, heredocs
        self.depth -= 1
        self.nested.extend(drafts)
        self.substitutions.add((start, self.at))
