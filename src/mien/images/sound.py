"""The sound of a video, copied into another one."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

from mien.errors import MienError
from mien.reading.regular_files import check_regular

_COPIED = ("aac", "mp3", "ac3", "eac3", "alac", "opus")
"""Codecs that an .mp4 takes as they are; others are encoded anew."""


class SoundTrack:
    """The first sound of a file, to be written beside pictures into an .mp4; nothing where it has none.

    What is damaged is left out: a video without its sound is worth more than none.
    """

    def __init__(self, source: Path, *, start_s: float) -> None:
        """
        Args:
            source: a video or sound file.
            start_s: what is time 0 of the pictures on the file's clock (`VideoReader.start_s`).
        """
        import av

        self._start_s = start_s
        self._container: Any = None
        self._source: Any = None
        self._target: Any = None
        self._packets: Any = iter(())
        self._waiting: Any = None
        with contextlib.suppress(av.FFmpegError, MienError, OSError, ValueError):
            check_regular(source)  # a pipe would be waited for
            self._container = av.open(str(source))
            if self._container.streams.audio:
                self._source = self._container.streams.audio[0]

    def add_to(self, target: Any) -> None:
        """Add a stream to an open container, before anything is written to it."""
        if self._source is None:
            return
        if self._source.codec_context.name in _COPIED:
            self._target = target.add_stream_from_template(self._source)
            self._packets = self._copied()
        else:
            rate = self._source.codec_context.sample_rate or 48_000
            self._target = target.add_stream("aac", rate=rate)
            self._packets = self._encoded(rate)

    def write_until(self, time_s: float, target: Any) -> None:
        """Write what sounds before a time; of all that is left with infinity."""
        import av

        with contextlib.suppress(av.FFmpegError, OSError, ValueError):
            while True:
                if self._waiting is None:
                    self._waiting = next(self._packets, None)
                if self._waiting is None:
                    return
                packet_s = float(self._waiting.pts * self._waiting.time_base)
                if packet_s > time_s:
                    return
                packet, self._waiting = self._waiting, None
                target.mux(packet)

    def _copied(self) -> Any:
        shift = round(self._start_s / self._source.time_base)
        for packet in self._container.demux(self._source):
            if packet.pts is None or packet.dts is None:
                continue
            packet.pts -= shift
            packet.dts -= shift
            packet.stream = self._target
            yield packet

    def _encoded(self, rate: int) -> Any:
        import av

        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=rate)
        base = Fraction(1, rate)
        for frame in self._container.decode(self._source):
            if frame.pts is None:
                continue
            for part in resampler.resample(frame):
                part_s = 0.0 if part.time is None else part.time
                part.pts = round((part_s - self._start_s) / base)
                part.time_base = base
                yield from self._target.encode(part)
        yield from self._target.encode(None)

    def __enter__(self) -> SoundTrack:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._container is not None:
            self._container.close()
