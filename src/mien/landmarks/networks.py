"""Network files: where the shipped ones are, their cards, and their sessions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Float32

from mien.errors import InputError
from mien.landmarks.onnx_checks import check_onnx
from mien.reading.json_files import read_json_object
from mien.reading.regular_files import check_regular

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

SHIPPED = Path(__file__).parent / "data"
"""Folder of the networks that are installed with mien."""

CARD_FORMAT_VERSION = 1
MAX_CARD_BYTES = 10_000_000


@dataclass(frozen=True)
class NetworkCard:
    """What a network's card says about it.

    Attributes:
        name: for example "realtime".
        path: the card's file.
        values: everything in the card (training data, seed, command, figures, licence, …).
    """

    name: str
    path: Path
    values: dict[str, Any]

    def require(self, key: str) -> Any:
        """The card's entry `key`.

        Raises:
            InputError: the card has no such entry.
        """
        if key not in self.values:
            raise InputError(f"the card has no entry {key!r}; export the network again", source=self.path)
        return self.values[key]


def find_network(name_or_path: str | Path) -> Path:
    """The file of a shipped network by name, or of the user's own by path.

    Raises:
        InputError: there is no such file.
    """
    given = Path(name_or_path)
    if given.suffix == ".onnx":
        if given.is_file():
            return given
        raise InputError("no such network file; check the path", source=given)
    shipped = SHIPPED / f"{name_or_path}.onnx"
    if shipped.is_file():
        return shipped
    known = ", ".join(sorted(path.stem for path in SHIPPED.glob("*.onnx"))) or "none"
    raise InputError(
        f"mien has no network called {str(name_or_path)!r} (installed: {known}). Name one of these or the "
        "path of an .onnx file; if the installation lost its weights, install mien again",
        source=shipped,
    )


def read_card(network: Path) -> NetworkCard:
    """The card that lies beside a network: NAME.card.json for NAME.onnx.

    Raises:
        InputError: it is missing, not JSON, or of a newer format.
    """
    path = network.with_suffix(".card.json")
    values = read_json_object(
        path, missing="a network needs its card beside it; export it again",
        what="the card is not JSON; export the network again", limit_bytes=MAX_CARD_BYTES,
    )  # fmt: skip
    version = values.get("format_version")
    if type(version) is not int or version != CARD_FORMAT_VERSION:
        raise InputError(f"expected a card of format_version {CARD_FORMAT_VERSION}", source=path)
    return NetworkCard(name=str(values.get("name", network.stem)), path=path, values=values)


class Session:
    """A network that can be run, and pickled: what is kept of it is its file's name."""

    def __init__(self, network: Path, threads: int) -> None:
        self._network, self._threads = network, threads
        self._session = _session(str(network.resolve()), network.stat().st_mtime_ns, threads)

    def run(self, outputs: list[str] | None, inputs: dict[str, Any]) -> list[Any]:
        """The outputs of these names; all of them when None."""
        return list(self._session.run(outputs, inputs))

    def get_inputs(self) -> Any:
        """What ONNX Runtime says of the inputs."""
        return self._session.get_inputs()

    def get_outputs(self) -> Any:
        """What ONNX Runtime says of the outputs."""
        return self._session.get_outputs()

    def __reduce__(self) -> tuple[type[Session], tuple[Path, int]]:
        return Session, (self._network, self._threads)


def open_session(network: Path, *, threads: int = 1) -> Session:
    """A session of ONNX Runtime on the CPU, shared by everyone who opens the same file.

    Args:
        network: the .onnx file.
        threads: threads that one run may use.

    Raises:
        InputError: the file is not a network that ONNX Runtime can read.
    """
    check_regular(network)
    return Session(network, threads)


@lru_cache(maxsize=16)
def _session(path: str, modified_ns: int, threads: int) -> InferenceSession:
    # modified_ns is part of the key so that a file written anew is read anew
    import onnxruntime

    check_onnx(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        # Without a second try, which would print to the terminal.
        return onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"], enable_fallback=0
        )
    except Exception as error:  # onnxruntime's own error classes are not public
        raise InputError(f"cannot be read as an ONNX network: {error}", source=path) from error


def run_network(
    session: Session,
    outputs: list[str],
    image: Float32[np.ndarray, "batch 3 height width"],
    *,
    source: Path,
) -> list[Float[np.ndarray, ...]]:
    """A network's answers to pictures of one size.

    Raises:
        InputError: it has no such input or outputs, cannot run, or answers with what is not finite.
    """
    try:
        answers = [np.asarray(answer, float) for answer in session.run(outputs, {"image": image})]
    except Exception as error:  # onnxruntime's own error classes are not public
        raise InputError(f"is no network that mien can run: {error}", source=source) from error
    if not all(np.isfinite(answer).all() for answer in answers):
        raise InputError("answers with numbers that are not finite; export the network again", source=source)
    return answers
