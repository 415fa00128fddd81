"""Any plan, with arbitrary texts in every field: the values that a program of it must read back."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from agentjit.contract import Contract, Relation
from agentjit.piece import (
    Argument,
    Binding,
    Cell,
    Every,
    Field_,
    Finder,
    JsonKeys,
    JsonPath,
    Kind,
    LineAt,
    Lines,
    Pattern,
    Ref,
    ShapePiece,
    Text,
    Whole,
)
from agentjit.skill import Asked, Entry, Need, Parameter, Plan, Support
from agentjit.step import (
    AnyCall,
    BashStep,
    EditStep,
    Ending,
    Fork,
    Guard,
    Loop,
    Path,
    ReadStep,
    ShellStep,
    Spread,
    Step,
    ToolField,
    ToolStep,
    WriteStep,
)
from agentjit.trace import Effect

VALUES = {"a": "va", "b": "vb", "cwd": "vcwd", "found": "vfound", "hole": "vhole", "item": "v1"}
LIST = ["v1", "v2"]

# The alphabet leans to what could end a literal, and has lone surrogates, line ends of all kinds and what turns text.
TEXTS = st.text(st.sampled_from("\"'\\{}\n\r\t\0$`#;%() ab\x85\u2028\u202e\ud800é😀") | st.characters(), max_size=30)
KEYS = TEXTS  # no formatter parts a key
TEXTS |= st.text("\"'\\{} \nab", min_size=100, max_size=300)
SOME = TEXTS.filter(bool)
BY = st.sampled_from([(), (), ("upper",), ("kebab", "lower"), ("date:%Y-%m",), ("part:'\"\\:0",), ("part:{:-1",)])
REFS = st.builds(Ref, name=st.sampled_from(["a", "b", "cwd"]), by=BY)
ARGUMENTS: st.SearchStrategy[Argument] = st.lists(st.builds(Text, text=SOME) | REFS, max_size=4).map(tuple)
NUMBERS = st.floats(allow_nan=False) | st.integers(-(10**20), 10**20).map(float)
KINDS = st.builds(Kind, expression=TEXTS) | st.builds(Kind, expression=TEXTS, low=NUMBERS, high=NUMBERS)
SHAPES: st.SearchStrategy[tuple[ShapePiece, ...]] = st.lists(st.builds(Text, text=SOME) | KINDS | REFS, max_size=4).map(
    tuple
)
PATHS: st.SearchStrategy[tuple[Any, ...]] = st.lists(
    TEXTS
    | st.integers(-5, 5)
    | st.builds(Field_, key=KEYS, value=st.builds(Text, text=TEXTS) | REFS)
    | st.just(Every()),
    max_size=3,
).map(tuple)
COLUMNS = st.integers(0, 9)
WHERE = st.dictionaries(COLUMNS, st.builds(Text, text=TEXTS) | REFS, max_size=2).map(lambda d: tuple(d.items()))
BEGINS = st.dictionaries(COLUMNS, ARGUMENTS, max_size=2).map(lambda d: tuple(d.items()))
FINDERS: st.SearchStrategy[Finder] = (
    st.builds(Whole)
    | st.builds(LineAt, number=st.integers(-3, 3))
    | st.builds(Lines, first=st.integers(0, 3))
    | st.builds(
        Cell,
        column=st.integers(0, 9),
        row=st.none() | st.integers(-3, 3),
        where=WHERE,
        begins=BEGINS,
        first=st.integers(0, 2),
        separator=TEXTS,
    )
    | st.builds(JsonPath, path=PATHS)
    | st.builds(JsonKeys, path=PATHS)
    | st.builds(Pattern, expression=TEXTS)
)
ENDS = st.none() | st.tuples(st.integers(0, 9), st.integers(0, 9))
CONTRACTS = st.builds(
    Contract,
    seen=st.integers(1, 9),
    exit_codes=st.lists(st.integers(0, 255), max_size=3).map(tuple),
    header=TEXTS,
    calm=st.booleans(),
    words=st.dictionaries(st.integers(0, 9), st.lists(TEXTS, max_size=3).map(tuple), max_size=2).map(
        lambda d: tuple(d.items())
    ),
    holds=st.lists(st.tuples(FINDERS, ARGUMENTS), max_size=2).map(tuple),
    shape=SHAPES,
    columns=ENDS,
    lines=ENDS,
    forms=st.dictionaries(COLUMNS, TEXTS, max_size=2).map(lambda d: tuple(d.items())),
    says=st.lists(SHAPES, max_size=2).map(tuple),
    relations=st.lists(
        st.builds(Relation, left=FINDERS, by=st.sampled_from(["equal", "at most", "counts", "sums"]), right=FINDERS),
        max_size=1,
    ).map(tuple),
    exists=st.lists(ARGUMENTS, max_size=2).map(tuple),
)
FIELDS = st.lists(
    st.tuples(KEYS, st.lists(KEYS | st.none(), min_size=1, max_size=2), ARGUMENTS),
    max_size=3,
    unique_by=lambda f: f[0],
)


@st.composite
def tool_steps(draw: st.DrawFn) -> ToolStep:
    """Leaves in objects, and in lists (None stands for a list of one)."""
    fields = [
        ToolField(path=(key, *(0 if part is None else part for part in path)), type="string", value=value)
        for key, path, value in draw(FIELDS)
    ]
    return ToolStep(tool=draw(TEXTS), fields=tuple(fields))


SCRIPTS = st.lists(st.builds(Text, text=SOME.filter(lambda text: '"' not in text)) | REFS, min_size=1, max_size=5)
CALLS: st.SearchStrategy[AnyCall] = (
    st.builds(BashStep, argv=st.lists(ARGUMENTS, min_size=1, max_size=4).map(tuple))
    | st.builds(ShellStep, script=SCRIPTS.map(tuple))
    | st.builds(ReadStep, path=ARGUMENTS, offset=st.none() | st.integers(1, 99), limit=st.none() | st.integers(1, 99))
    | st.builds(WriteStep, path=ARGUMENTS, content=ARGUMENTS)
    | st.builds(EditStep, path=ARGUMENTS, old=ARGUMENTS, new=ARGUMENTS, every=st.booleans())
    | tool_steps()
)
ENTRIES = st.builds(Entry, prompt=TEXTS, pattern=TEXTS, words=st.just(()))


def _binding(name: str, many: bool) -> st.SearchStrategy[Binding]:
    finders = st.lists(FINDERS, min_size=1, max_size=3).map(tuple)
    return st.builds(
        Binding, name=st.just(name), finders=finders, pattern=SHAPES, absent=st.booleans(), many=st.just(many)
    )


def _steps(name: str, *bindings: st.SearchStrategy[Binding], beside: bool = False) -> st.SearchStrategy[Step]:
    return st.builds(
        Step,
        call=CALLS,
        result=st.just(name),
        effect=st.sampled_from(Effect),
        contract=CONTRACTS,
        bindings=st.tuples(*bindings),
        beside=st.just(beside),
    )


LOOPS = st.builds(
    Loop,
    over=st.just("listed"),
    item=st.just("item"),
    steps=st.tuples(
        st.builds(
            Step,
            call=st.just(BashStep(argv=((Text(text="x"),), (Ref(name="item"),), Spread(name="listed")))),
            result=st.just("inner"),
            effect=st.just(Effect.READS),
            contract=CONTRACTS,
        )
    ),
    most=st.integers(1, 9),
)
FORKS = st.builds(
    Fork,
    paths=st.tuples(
        st.builds(
            Path,
            guard=st.builds(Guard, of=st.just("first"), by=st.just("says"), expression=TEXTS),
            seen=st.integers(1, 5),
            contract=CONTRACTS,
            bindings=st.tuples(_binding("on_path_alone", many=False)),
            steps=st.tuples(_steps("last")),
            ending=st.just(Ending.ANSWERED),
            answer=ARGUMENTS.map(lambda answer: (*answer, Ref(name="hole"))),
        )
    ),
)
PLANS = st.builds(
    Plan,
    name=st.just("any-plan"),
    hotspot=TEXTS,
    entry=ENTRIES,
    also=st.lists(ENTRIES, max_size=2).map(tuple),
    parameters=st.tuples(
        st.builds(Parameter, name=st.just("a"), pattern=TEXTS, seen=st.lists(TEXTS, max_size=3).map(tuple)),
        st.builds(Parameter, name=st.just("hole"), pattern=TEXTS, seen=st.just(()), hole=st.just(True)),
        st.builds(Parameter, name=st.just("b"), pattern=TEXTS, seen=st.just(()), secret=st.booleans()),
    ),
    environment=st.just((Asked(name="cwd", key="cwd"),)),
    requires=st.lists(st.builds(Need, kind=st.sampled_from(["program", "file", "repository"]), name=TEXTS)).map(tuple),
    steps=st.tuples(
        _steps("first", _binding("found", many=False), _binding("listed", many=True)),
        _steps("second", beside=True),
        LOOPS,
    ),
    fork=FORKS,
    ending=st.just(Ending.GATHERED),
    support=st.just(Support(occurrences=5, sessions=4, episodes=())),
)
