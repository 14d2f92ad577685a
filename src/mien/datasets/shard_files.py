"""Shards of synthetic pictures (`mien synth`): which there are, and what is in one.

Shards may still be appearing. Each is written under another name and renamed, so every `shard-NUMBER.tar` in
a folder is complete.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from mien.errors import InputError
from mien.reading.damage import damage_named
from mien.reading.file_values import FileValues
from mien.reading.json_files import read_json_object
from mien.reading.regular_files import check_regular

_PATTERN = "shard-[0-9]*.tar"
REMEDY = "make the shard anew with: mien synth"


class ShardFolders:
    """The shards of one part of some folders, each given out once.

    Args:
        directories: folders that hold `shard-NUMBER.tar`.
        held_out: shards with a number below this are kept for validation. By number, as several processes may
            finish their shards in any order.
        part: "training" leaves the held-out shards away, "validation" has only them.
    """

    def __init__(self, directories: Sequence[str | Path], *, held_out: int, part: str) -> None:
        assert part in ("training", "validation")
        self.directories = [Path(directory) for directory in directories]
        self.held_out, self.part = held_out, part
        self._given: set[Path] = set()

    def paths(self) -> list[Path]:
        """The shards that exist now, in a fixed order.

        Raises:
            InputError: a folder is missing.
        """
        chosen: list[Path] = []
        for directory in self.directories:
            if not directory.is_dir():
                raise InputError("no such folder of shards; make one with: mien synth", source=directory)
            self._refuse_old(directory)
            for path in sorted(directory.glob(_PATTERN)):
                number = int(path.stem.rpartition("-")[2])
                if (number < self.held_out) == (self.part == "validation"):
                    chosen.append(path)
        return chosen

    @staticmethod
    def _refuse_old(directory: Path) -> None:
        """Landmarks of other formats lie at other places."""
        from mien.synthetic.scenes.shards import FORMAT_VERSION

        manifest = directory / "manifest.json"
        if manifest.is_file():
            version = read_json_object(manifest).get("format_version")
            if version != FORMAT_VERSION:
                raise InputError(
                    f"holds shards of format {version}, whose landmarks are other places on the face; this "
                    f"mien reads format {FORMAT_VERSION}: draw anew with mien synth --out ANOTHER_FOLDER",
                    source=directory,
                )

    def nothing_there(self) -> InputError:
        """The error for folders without a shard of this part."""
        from mien.synthetic.scenes.shards import SAMPLES_PER_SHARD

        kept = self.held_out * SAMPLES_PER_SHARD
        return InputError(
            f"no training shards: the first {kept} pictures are kept to validate; draw more with: mien synth",
            source=", ".join(map(str, self.directories)),
        )

    def may_grow(self) -> bool:
        """Whether more shards may appear: a folder has fewer than its manifest promises.

        `mien synth` writes the manifest before the first shard: in a folder without one nobody draws.
        """
        from mien.synthetic.scenes.shards import SAMPLES_PER_SHARD

        for directory in self.directories:
            manifest = directory / "manifest.json"
            if not manifest.is_file():
                continue
            values = FileValues(read_json_object(manifest), source=manifest, remedy=REMEDY)
            promised = -(-values.integer("count", high=10**12) // SAMPLES_PER_SHARD)
            if len(list(directory.glob(_PATTERN))) < promised:
                return True
        return False

    def fresh(self, *, limit: int | None = None) -> Iterator[Path]:
        """Shards that were not given out before, at most `limit` of them.

        Raises:
            InputError: a folder is missing.
        """
        for path in [path for path in self.paths() if path not in self._given][:limit]:
            self._given.add(path)
            yield path


def read_samples(
    path: str | Path, *, needed: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, dict[str, bytes]]:
    """The files of a shard by sample and kind: {"000017": {"jpg": …, "points.npy": …}}.

    Args:
        needed: kinds that every sample must have.
        optional: kinds that are read where they are there; all others are skipped.

    Raises:
        InputError: the file is no readable shard, it is empty, or a sample lacks a file.
    """
    samples: dict[str, dict[str, bytes]] = {}
    size_bytes = check_regular(path)
    with (
        damage_named(path, f"cannot be read as a tar shard; {REMEDY}"),
        tarfile.open(path, "r:") as archive,
    ):
        for member in archive:
            key, _, kind = member.name.partition(".")
            files = samples.setdefault(key, {})
            if kind not in (*needed, *optional):
                continue
            # A sparse member claims any size, and a link is another member's content once more.
            if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse():
                raise InputError(f"{member.name!r} in it is no ordinary file; {REMEDY}", source=path)
            if member.size > size_bytes - member.offset_data or kind in files:
                raise InputError(f"{member.name!r} in it is cut short or comes twice; {REMEDY}", source=path)
            content = archive.extractfile(member)
            assert content is not None
            files[kind] = content.read()
    if not samples:
        raise InputError(f"the shard is empty; {REMEDY}", source=path)
    for key, files in samples.items():
        for kind in needed:
            if kind not in files:
                raise InputError(f"sample {key} lacks {key}.{kind}; {REMEDY}", source=path)
    return samples
