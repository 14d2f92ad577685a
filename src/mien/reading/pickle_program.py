"""What a pickle describes, without running any of it.

A pickle is a program for a small stack machine: it names callables and has them called. This machine knows
the same instructions and calls nothing: names become `PickledName`, calls `PickledCall`, and what a reader
makes of them is its own affair. No class of a file's choosing is ever made, nothing is ever assigned to a
real object, and no number in the file decides how much memory is taken.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BufferedIOBase
from typing import Any

MAX_STEPS = 1_000_000
"""Instructions; models hold their numbers in a few thousand."""
MAX_MEMO = 1_000_000
MAX_LINE = 10_000_000
_PIECE_BYTES = 1 << 20


class PickleError(ValueError):
    """A pickle is broken, too long, or asks for something that is not described here."""


@dataclass(frozen=True)
class PickledName:
    """A name that a pickle asks for: `numpy.core.multiarray`, `_reconstruct`."""

    module: str
    name: str


@dataclass(eq=False)
class PickledCall:
    """A call that a pickle asks for, and the state that it wants the result to have.

    Attributes:
        function: what is called; `PickledName` in pickles that mean well.
        arguments: in order.
        state: what BUILD gives; None where nothing does.
        items: what is set or appended afterwards, as pairs or single values.
    """

    function: Any
    arguments: tuple[Any, ...]
    state: Any = None
    items: list[Any] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class PersistentId:
    """A reference to something beside the pickle, as torch's checkpoints have for their numbers."""

    value: Any


_MARK = object()


def run_pickle(stream: BufferedIOBase) -> Any:
    """The description in a pickle: plain values, lists, dictionaries, and the classes above.

    Texts of Python 2 are read as latin1. Dictionaries keep keys that are texts, numbers or bytes.

    Raises:
        PickleError: it is broken, too long, or has an instruction that only pickles of code need.
    """
    return _Machine(stream).run()


class _Machine:
    def __init__(self, stream: BufferedIOBase) -> None:
        self.stream = stream
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        try:
            for _ in range(MAX_STEPS):
                code = self.bytes(1)
                if code == b".":
                    return self.stack.pop()
                step = _STEPS.get(code)
                if step is None:
                    raise PickleError(f"it has the instruction {code!r}, which arrays do not need")
                step(self)
        except (IndexError, KeyError, struct.error, TypeError, ValueError, OverflowError) as error:
            if isinstance(error, PickleError):
                raise
            raise PickleError(f"it is broken ({type(error).__name__})") from error
        raise PickleError(f"it has more than {MAX_STEPS} instructions")

    def bytes(self, count: int) -> bytes:
        """The next bytes, in pieces, so that no claim takes memory that the file does not fill."""
        if count <= _PIECE_BYTES:
            found = self.stream.read(count)
        else:
            pieces, left = [], count
            while left and (piece := self.stream.read(min(left, _PIECE_BYTES))):
                pieces.append(piece)
                left -= len(piece)
            found = b"".join(pieces)
        if len(found) != count:
            raise PickleError("it ends too early")
        return found

    def number(self, layout: str) -> Any:
        return struct.unpack(layout, self.bytes(struct.calcsize(layout)))[0]

    def line(self) -> bytes:
        found = self.stream.readline(MAX_LINE)
        if not found.endswith(b"\n"):
            raise PickleError("it ends too early")
        return found[:-1]

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def since_mark(self) -> list[Any]:
        for index in range(len(self.stack) - 1, -1, -1):
            if self.stack[index] is _MARK:
                items = self.stack[index + 1 :]
                del self.stack[index:]
                return items
        raise PickleError("it is broken (no mark)")

    def keep(self, index: int) -> None:
        if len(self.memo) >= MAX_MEMO:
            raise PickleError(f"it keeps more than {MAX_MEMO} values")
        self.memo[index] = self.stack[-1]

    def add(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, PickledCall):
            target.items += items
        elif isinstance(target, list):
            target.extend(items)
        else:
            raise PickleError("it appends to what is no list")

    def set(self, pairs: list[Any]) -> None:
        target = self.stack[-1]
        if len(pairs) % 2:
            raise PickleError("it is broken (a key without a value)")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not isinstance(key, str | int | float | bytes):
                raise PickleError("it has a dictionary with keys that are neither texts nor numbers")
            if isinstance(target, PickledCall):
                target.items.append((key, value))
            elif isinstance(target, dict):
                target[key] = value
            else:
                raise PickleError("it sets items of what is no dictionary")

    def call(self, function: Any, arguments: Any) -> None:
        if not isinstance(arguments, tuple):
            raise PickleError("it calls something without a tuple of arguments")
        self.push(PickledCall(function, arguments))

    def build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if not isinstance(target, PickledCall):
            raise PickleError("it gives a state to what has none")
        if target.state is not None:
            raise PickleError("it gives a state twice")
        target.state = state


def _reduce(machine: _Machine) -> None:
    arguments = machine.stack.pop()
    machine.call(machine.stack.pop(), arguments)


def _object_of_class(machine: _Machine) -> None:
    kind, *arguments = machine.since_mark()
    machine.call(kind, tuple(arguments))


def _instance(machine: _Machine) -> None:
    kind = _name(machine)
    machine.call(kind, tuple(machine.since_mark()))


def _name(machine: _Machine) -> PickledName:
    return PickledName(machine.line().decode("latin1"), machine.line().decode("latin1"))


def _stack_name(machine: _Machine) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise PickleError("it asks for a name that is no text")
    machine.push(PickledName(module, name))


def _integer_line(machine: _Machine) -> None:
    text = machine.line()
    machine.push({b"00": False, b"01": True}[text] if text in (b"00", b"01") else _int(text))


def _int(text: bytes) -> int:
    if len(text) > 100:
        raise PickleError("it holds a number of more than 100 digits")
    return int(text.rstrip(b"L"))


def _long(machine: _Machine, layout: str) -> None:
    count = machine.number(layout)
    if not 0 <= count <= 100:
        raise PickleError("it holds a number of more than 100 bytes")
    machine.push(int.from_bytes(machine.bytes(count), "little", signed=True))


def _quoted(machine: _Machine) -> None:
    text = machine.line().strip()
    if len(text) < 2 or text[:1] != text[-1:] or text[:1] not in (b"'", b'"'):
        raise PickleError("it holds a text without quotes")
    machine.push(codecs.escape_decode(text[1:-1])[0].decode("latin1"))  # type: ignore[attr-defined]


def _pair(machine: _Machine) -> list[Any]:
    value, key = machine.stack.pop(), machine.stack.pop()
    return [key, value]


def _tuple(count: int) -> Callable[[_Machine], None]:
    def step(machine: _Machine) -> None:
        if len(machine.stack) < count:
            raise PickleError("it is broken (too few values)")
        items = machine.stack[len(machine.stack) - count :]
        del machine.stack[len(machine.stack) - count :]
        machine.push(tuple(items))

    return step


def _text(layout: str, encoding: str) -> Callable[[_Machine], None]:
    return lambda m: m.push(m.bytes(m.number(layout)).decode(encoding, "surrogatepass"))


def _raw(layout: str) -> Callable[[_Machine], None]:
    return lambda m: m.push(m.bytes(m.number(layout)))


def _new(machine: _Machine) -> None:
    _reduce(machine)


def _of_pairs(machine: _Machine) -> None:
    pairs = machine.since_mark()
    machine.push({})
    machine.set(pairs)


_STEPS: dict[bytes, Callable[[_Machine], Any]] = {
    b"\x80": lambda m: m.bytes(1),  # PROTO
    b"\x95": lambda m: m.bytes(8),  # FRAME: its length is of no use here
    b"(": lambda m: m.push(_MARK),
    b"0": lambda m: m.stack.pop(),
    b"1": lambda m: m.since_mark(),
    b"2": lambda m: m.push(m.stack[-1]),
    b"N": lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    b"I": _integer_line,
    b"L": lambda m: m.push(_int(m.line())),
    b"J": lambda m: m.push(m.number("<i")),
    b"K": lambda m: m.push(m.number("<B")),
    b"M": lambda m: m.push(m.number("<H")),
    b"\x8a": lambda m: _long(m, "<B"),
    b"\x8b": lambda m: _long(m, "<i"),
    b"F": lambda m: m.push(float(m.line())),
    b"G": lambda m: m.push(m.number(">d")),
    b"S": _quoted,
    b"T": _text("<I", "latin1"),
    b"U": _text("<B", "latin1"),
    b"V": lambda m: m.push(m.line().decode("raw-unicode-escape")),
    b"X": _text("<I", "utf-8"),
    b"\x8c": _text("<B", "utf-8"),
    b"\x8d": _text("<Q", "utf-8"),
    b"B": _raw("<I"),
    b"C": _raw("<B"),
    b"\x8e": _raw("<Q"),
    b"\x96": _raw("<Q"),
    b")": lambda m: m.push(()),
    b"]": lambda m: m.push([]),
    b"}": lambda m: m.push({}),
    b"\x8f": lambda m: m.push([]),  # a set, kept as a list
    b"l": lambda m: m.push(m.since_mark()),
    b"t": lambda m: m.push(tuple(m.since_mark())),
    b"\x91": lambda m: m.push(m.since_mark()),  # a frozen set
    b"\x85": _tuple(1),
    b"\x86": _tuple(2),
    b"\x87": _tuple(3),
    b"d": _of_pairs,
    b"a": lambda m: m.add([m.stack.pop()]),
    b"e": lambda m: m.add(m.since_mark()),
    b"\x90": lambda m: m.add(m.since_mark()),
    b"s": lambda m: m.set(_pair(m)),
    b"u": lambda m: m.set(m.since_mark()),
    b"p": lambda m: m.keep(_int(m.line())),
    b"q": lambda m: m.keep(m.number("<B")),
    b"r": lambda m: m.keep(m.number("<I")),
    b"\x94": lambda m: m.keep(len(m.memo)),
    b"g": lambda m: m.push(m.memo[_int(m.line())]),
    b"h": lambda m: m.push(m.memo[m.number("<B")]),
    b"j": lambda m: m.push(m.memo[m.number("<I")]),
    b"c": lambda m: m.push(_name(m)),
    b"\x93": _stack_name,
    b"R": _reduce,
    b"\x81": _new,
    b"i": _instance,
    b"o": _object_of_class,
    b"b": lambda m: m.build(),
    b"P": lambda m: m.push(PersistentId(m.line().decode("latin1"))),
    b"Q": lambda m: m.push(PersistentId(m.stack.pop())),
}
"""Instructions by their code. What is missing names classes by a registry (EXT) or gives them keywords
(NEWOBJ_EX), or refers to buffers outside; arrays need none of these."""
