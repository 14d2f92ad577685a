"""Reading and writing video, frame by frame."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from jaxtyping import UInt8

from mien.checked_calls import checked_call
from mien.errors import InputError, ShapeError
from mien.images.animation import Animation, may_be_animation
from mien.images.limits import check_frame_size, video_options
from mien.images.other_files import phone_picture, what_takes
from mien.images.photo import check_file, is_picture
from mien.images.sound import SoundTrack
from mien.images.upright import Turn
from mien.reading.damage import damage_named

_TICK = Fraction(1, 60_000)
"""In which times are written: of frames at 24, 25, 30, 50 and 60 a second and at 1000/1001 of them."""

_A_PICTURE = "is a picture, not a video; fit it with `mien fit`"
_ATTACHED_PICTURE = 0x400  # AV_DISPOSITION_ATTACHED_PIC


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a video.

    Attributes:
        index: 0 for the first frame.
        time_s: presentation time on the file's own clock, on which its sound runs too, seconds; the first
            frame's is above 0 where the sound starts first.
        image: (H, W, 3) RGB, upright.
    """

    index: int
    time_s: float
    image: UInt8[np.ndarray, "height width 3"]


class VideoReader:
    """Frames of a video in order; use `open_video`, whose arguments and errors are these.

    Attributes:
        source: the file.
        width_px, height_px: size of the upright frames, whose pixels are square.
        turn: what was done to the stored frames to make them upright.
        rotation_deg: the clockwise turn among it: 0, 90, 180 or 270.
        frames_per_second: nominal rate.
        frame_count_estimate: how many frames the file claims or its duration suggests; None if unknown.
        start_s: time 0 of the frames, on the clock that the file's streams are stored with.
        truncated: True once reading has met damaged data or has ended before the promised duration; the
            frames that could be read were yielded.
    """

    @checked_call
    def __init__(self, path: str | Path) -> None:
        """
        Args:
            path: an MP4, MOV, MKV, WebM, AVI or GIF.

        Raises:
            InputError: the file is missing, is not a video, or has no frame that can be read.
        """
        import av

        self.source = Path(path)
        check_file(self.source)
        try:
            self._container: Any = av.open(str(self.source), options=video_options())
        except (av.FFmpegError, OSError, ValueError) as error:
            if is_picture(self.source):  # FFmpeg is kept from opening it: its format is none of a video
                raise InputError(_A_PICTURE, source=self.source) from error
            advice = phone_picture(self.source) or what_takes(self.source)
            if advice is not None and "is a video" not in advice:
                raise InputError(advice, source=self.source) from error
            raise InputError(
                f"is not a video that can be read, or its index is missing because it was cut short "
                f"({error}); give an MP4, MOV, MKV, WebM, AVI or GIF file, or copy it again",
                source=self.source,
            ) from error
        self.truncated = False
        try:
            with damage_named(self.source, "is damaged and holds no video that can be read; copy it again"):
                self._open_stream()
        except BaseException:
            self.close()
            raise

    def _open_stream(self) -> None:
        if self._container.format.name.endswith(("_pipe", "image2")):
            raise InputError(_A_PICTURE, source=self.source)
        moving = [stream for stream in self._container.streams.video if not _is_cover(stream)]
        if not moving:
            cover = " (its picture is a cover)" if self._container.streams.video else ""
            raise InputError(f"has no video stream, only sound or data{cover}", source=self.source)
        self._stream = moving[0]
        self._stream.thread_type = "AUTO"
        # A stream of an unknown codec has no size, and no frame will come of it.
        width_px, height_px = getattr(self._stream, "width", 0), getattr(self._stream, "height", 0)
        if width_px and height_px:
            check_frame_size(width_px, height_px, source=self.source)
        rate = self._stream.average_rate or self._stream.guessed_rate or Fraction(25)
        self.frames_per_second = float(rate)
        self._duration_s = self._promised_duration_s()
        self.frame_count_estimate: int | None = self._stream.frames or None
        if self.frame_count_estimate is None and self._duration_s is not None:
            self.frame_count_estimate = max(1, round(self._duration_s * self.frames_per_second))
        self._decoded = self._decode()
        self.start_s = 0.0
        # The rotation is stored with the frames, so the first one is read ahead.
        self._first = next(self._decoded, None)
        if self._first is None:
            raise InputError(
                "holds no frame that can be read; it is probably damaged or not a video", source=self.source
            )
        self._first_s = 0.0 if self._first.time is None else float(self._first.time)
        self.start_s = min(self._clock_start_s(), self._first_s)
        self.turn = _turn(self._first)
        self.rotation_deg = self.turn.clockwise_deg
        self._pixel_aspect = _pixel_aspect(self._stream)
        self._stored_size = _shown_size(self._first, self._pixel_aspect)
        self.width_px, self.height_px = self.turn.size_px(*self._stored_size)

    def __iter__(self) -> Iterator[Frame]:
        """Every frame once; a reader cannot be rewound."""
        index, step_s = 0, 1 / self.frames_per_second
        frame = self._first
        self._first, time_s = None, self._first_s - step_s
        while frame is not None:
            time_s = frame.time if frame.time is not None else time_s + step_s
            with damage_named(self.source, "has frames that cannot be turned into pictures; copy it again"):
                image = self.turn(_picture(frame, self._stored_size, self._pixel_aspect))
            yield Frame(index, max(0.0, time_s - self.start_s), image)
            index += 1
            frame = next(self._decoded, None)
        self.truncated |= self._ended_early(end_s=time_s - self._first_s)

    def _decode(self) -> Iterator[Any]:
        """Decoded frames; damaged ones are left out and remembered instead of raising."""
        import av

        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                for frame in packet.decode():
                    check_frame_size(frame.width, frame.height, source=self.source)  # it may change midway
                    yield frame
            except (av.FFmpegError, OSError, ValueError):
                self.truncated = True

    def _clock_start_s(self) -> float:
        """When the first stream of the file starts, be it this one or the sound; players begin there."""
        start_us = self._container.start_time
        return float("inf") if start_us is None else start_us / 1e6

    def _promised_duration_s(self) -> float | None:
        if self._stream.duration and self._stream.time_base:
            return float(self._stream.duration * self._stream.time_base)
        return self._container.duration / 1e6 if self._container.duration else None

    def _ended_early(self, *, end_s: float) -> bool:
        """Some containers end quietly where the file was cut: compare with what their header promised."""
        if self._duration_s is None:
            return False
        # Sound may go on a little after the last frame, and rates are rounded. The number of stored frames
        # is no measure: an edit list may leave many of them out.
        slack_s = 1.0 if self._container.streams.audio else 0.2
        return self._duration_s - end_s > max(slack_s, 0.02 * self._duration_s)

    def close(self) -> None:
        """Let go of the file."""
        self._container.close()

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _AnimationReader(VideoReader):
    """Frames of an animated picture; its attributes are those of a video."""

    def __init__(self, path: str | Path) -> None:
        self.source, self.truncated, self.start_s = Path(path), False, 0.0
        self._animation = Animation(self.source)
        self.turn, self.rotation_deg = Turn(), 0
        self.width_px, self.height_px = self._animation.width_px, self._animation.height_px
        self.frame_count_estimate = len(self._animation.times_s)
        self.frames_per_second = self.frame_count_estimate / self._animation.duration_s

    def __iter__(self) -> Iterator[Frame]:
        try:
            for index, image in enumerate(self._animation.images()):
                yield Frame(index, float(self._animation.times_s[index]), image)
        except InputError:
            self.truncated = True

    def close(self) -> None:
        """Nothing stays open."""


@checked_call
def open_video(path: str | Path) -> VideoReader:
    """Open a video for reading.

        with open_video("clip.mp4") as video:
            for frame in video:
                frame.index, frame.time_s, frame.image

    Damage after the first frames does not raise: what can be read is yielded and `video.truncated`
    becomes True.

    Args:
        path: an MP4, MOV, MKV, WebM, AVI, GIF, animated WebP or AVIF.

    Raises:
        InputError: the file is missing, is not a video, or has no frame that can be read.
    """
    check_file(Path(path))
    return _AnimationReader(path) if may_be_animation(Path(path)) else VideoReader(path)


class VideoWriter:
    """Write RGB frames to an H.264 `.mp4` that plays everywhere; it appears only when complete.

        with VideoWriter("out.mp4", frames_per_second=25) as video:
            video.write(image)

    Odd sizes lose their last row or column, because the usual pixel format needs even ones.
    """

    @checked_call
    def __init__(
        self,
        path: str | Path,
        *,
        frames_per_second: float,
        quality: int = 20,
        quick: bool = False,
        sound_of: VideoReader | None = None,
    ) -> None:
        """
        Args:
            path: file to write.
            frames_per_second: rate of the frames, > 0.
            quality: x264's constant rate factor, 0 lossless … 51 worst.
            quick: write in half the time files up to twice as large.
            sound_of: a video whose sound is written too, as it lies beside its frames.

        Raises:
            InputError: the rate is not above 0; at the end of the `with` block, nothing was written.
        """
        if not np.isfinite(frames_per_second) or frames_per_second <= 0:
            raise InputError(f"frames per second must be above 0, not {frames_per_second}", source=path)
        self.path = Path(path)
        self._rate = Fraction(frames_per_second).limit_denominator(60000)
        self._options = {"crf": str(quality), "preset": "superfast" if quick else "veryfast"}
        self._container: Any = None
        self._stream: Any = None
        self._shape: tuple[int, int] | None = None
        self._files = contextlib.ExitStack()
        self._sound: SoundTrack | None = None
        if sound_of is not None:
            sound = SoundTrack(sound_of.source, start_s=sound_of.start_s)
            self._sound = self._files.enter_context(sound)
        self._next_s, self._last_ticks = 0.0, -1
        self._temporary: Path | None = None

    def __enter__(self) -> VideoWriter:
        from mien.files import atomic_path

        self._temporary = self._files.enter_context(atomic_path(self.path))
        return self

    def write(self, image: UInt8[np.ndarray, "height width 3"], time_s: float | None = None) -> None:
        """Add one frame.

        Args:
            image: (H, W, 3) uint8 RGB; all must have the size of the first.
            time_s: when it is shown; when None, as long after the last as the rate says.

        Raises:
            ShapeError: the frame has another size, or is smaller than 2 × 2.
        """
        import av

        if self._container is None:
            self._start(image)
        assert self._container is not None
        if image.shape[:2] != self._shape:
            raise ShapeError("video frame", expected=f"{self._shape} + (3,)", actual=image.shape)
        even = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
        # Not copied: encoding turns it into other pixels before it returns.
        frame = av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(even), "rgb24")
        time_s = self._next_s if time_s is None else time_s
        ticks = max(round(time_s / _TICK), self._last_ticks + 1)
        frame.pts, frame.time_base = ticks, _TICK
        self._next_s, self._last_ticks = float(ticks * _TICK + 1 / self._rate), ticks
        if self._sound is not None:
            self._sound.write_until(time_s, self._container)
        for packet in self._stream.encode(frame):
            self._container.mux(packet)

    def _start(self, image: np.ndarray) -> None:
        import av

        assert self._temporary is not None, "use VideoWriter in a with statement"
        if min(image.shape[:2]) < 2:
            raise ShapeError("video frame", expected="at least (2, 2, 3)", actual=image.shape)
        self._shape = (image.shape[0], image.shape[1])
        # The index goes first, so that a copy that was cut short still plays up to the cut.
        self._container = av.open(
            str(self._temporary), mode="w", format="mp4", options={"movflags": "+faststart"}
        )
        self._stream = self._container.add_stream("libx264", rate=self._rate, options=self._options)
        self._stream.width = image.shape[1] // 2 * 2
        self._stream.height = image.shape[0] // 2 * 2
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = _TICK
        self._stream.codec_context.thread_count = min(2, os.cpu_count() or 1)
        if self._sound is not None:
            self._sound.add_to(self._container)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._container is not None:
                if kind is None:
                    for packet in self._stream.encode():
                        self._container.mux(packet)
                    if self._sound is not None:
                        self._sound.write_until(math.inf, self._container)
                self._container.close()
            elif kind is None:
                raise InputError("no frame was written, so there is no video", source=self.path)
        except BaseException as failure:
            self._files.__exit__(type(failure), failure, failure.__traceback__)
            raise
        self._files.__exit__(kind, error, trace)


def _is_cover(stream: Any) -> bool:
    """Whether a stream is a still picture that belongs to a piece of music."""
    return bool(int(stream.disposition) & _ATTACHED_PICTURE)


def _turn(frame: Any) -> Turn:
    """What makes a decoded frame upright: the file's display matrix, which may mirror."""
    for data in frame.side_data:
        if data.type.name == "DISPLAYMATRIX":
            matrix = np.frombuffer(bytes(data), np.int32)
            if len(matrix) == 9:
                return Turn.of_display_matrix(matrix.tolist())
    return Turn()


def _pixel_aspect(stream: Any) -> float:
    """Width over height of a stored pixel."""
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    return float(aspect) if aspect else 1.0


def _shown_size(frame: Any, ratio: float) -> tuple[int, int]:
    """Width and height of a decoded frame in square pixels: one side is stretched, none shrunk."""
    if not 0.05 < ratio < 20 or ratio == 1:
        return frame.width, frame.height
    if ratio > 1:
        return max(1, round(frame.width * ratio)), frame.height
    return frame.width, max(1, round(frame.height / ratio))


def _picture(frame: Any, size: tuple[int, int], pixel_aspect: float) -> np.ndarray:
    """A decoded frame in square pixels, (H, W, 3) RGB, of the video's size: where a stream changes it midway,
    the picture is scaled, and bars fill what another shape leaves free."""
    own = _shown_size(frame, pixel_aspect)
    scale = min(size[0] / own[0], size[1] / own[1])
    width, height = max(1, round(own[0] * scale)), max(1, round(own[1] * scale))
    if (width, height) == (frame.width, frame.height):
        image = frame.to_ndarray(format="rgb24")
    else:
        image = frame.to_ndarray(format="rgb24", width=width, height=height, interpolation="BICUBIC")
    if (width, height) == size:
        return image
    whole = np.zeros((size[1], size[0], 3), np.uint8)
    top, left = (size[1] - height) // 2, (size[0] - width) // 2
    whole[top : top + height, left : left + width] = image
    return whole
