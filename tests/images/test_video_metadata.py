"""What files say about their pictures is obeyed: mirrors, pixel shapes, sizes, times, covers, sound."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, features

from mien.errors import InputError
from mien.images.upright import Turn
from mien.images.video import VideoWriter, open_video


def picture(*, height: int = 48, width: int = 64, level: int = 90) -> np.ndarray:
    """Grey with a red corner at the top left and a blue one at the top right."""
    image = np.full((height, width, 3), level, np.uint8)
    image[: height // 4, : width // 4] = (255, 0, 0)
    image[: height // 4, -width // 4 :] = (0, 0, 255)
    return image


def encoded(path: Path, images: list[np.ndarray], *, pixel_aspect: Fraction | None = None) -> Path:
    """The pictures in a file of the suffix's kind, 25 a second."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        if pixel_aspect is not None:
            stream.sample_aspect_ratio = pixel_aspect
        for image in images:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    "matrix",
    [(-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0), (0, 1, -1, 0)],
    ids=["mirrored", "upside down", "transposed", "transverse", "turned"],
)
def test_display_matrices(tmp_path: Path, matrix: tuple[int, int, int, int]):
    one = 1 << 16
    a, b, c, d = (one * value for value in matrix)
    path = encoded(tmp_path / "a.mp4", [picture()] * 3)
    data = path.read_bytes()
    identity = struct.pack(">9i", one, 0, 0, 0, one, 0, 0, 0, 1 << 30)
    place = data.index(identity, data.index(b"tkhd"))
    path.write_bytes(data[:place] + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30) + data[place + 36 :])
    expected = Turn.of_display_matrix([a, b, 0, c, d, 0])(picture())
    with open_video(path) as video:
        image = next(iter(video)).image
        assert (video.height_px, video.width_px) == image.shape[:2]
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).mean() < 8


@pytest.mark.parametrize(("aspect", "size"), [("4/3", (64, 64)), ("3/4", (48, 85)), ("1/1", (48, 64))])
def test_pixels_become_square(tmp_path: Path, aspect: str, size: tuple[int, int]):
    path = encoded(tmp_path / "a.mp4", [picture(width=48, height=64)] * 3, pixel_aspect=Fraction(aspect))
    with open_video(path) as video:
        image = next(iter(video)).image
        assert (video.width_px, video.height_px) == size
    assert image.shape == (size[1], size[0], 3)
    assert image[4, 4, 0] > 200
    assert image[4, -5, 2] > 200


def test_a_stream_without_time_stamps_that_changes_its_size(tmp_path: Path):
    """Two raw streams one after the other, as of a recorder whose source changed."""
    parts = [
        encoded(tmp_path / "a.h264", [picture()] * 4).read_bytes(),
        encoded(tmp_path / "b.h264", [picture(height=128, width=96)] * 4).read_bytes(),
    ]
    path = tmp_path / "both.h264"
    path.write_bytes(b"".join(parts))
    with open_video(path) as video:
        frames = list(video)
    assert {frame.image.shape for frame in frames} == {(48, 64, 3)}
    assert len(frames) >= 7
    assert (np.diff([frame.time_s for frame in frames]) > 0).all()
    # A tall picture in a wide video keeps its shape between bars.
    last = frames[-1].image
    assert last[:, :10].max() < 20
    assert last[:, -10:].max() < 20
    assert last[4, 17, 0] > 150


def cover(path: Path, *, music: bool) -> Path:
    """Sound with a picture of its own, as in a music file."""
    with av.open(str(path), "w") as out:
        sound = out.add_stream("aac", rate=8000, layout="mono")
        still = out.add_stream("mjpeg", rate=1)
        still.width, still.height, still.pix_fmt = 64, 48, "yuvj420p"
        if music:
            still.disposition = av.stream.Disposition.attached_pic
        image = av.VideoFrame.from_ndarray(picture(), format="rgb24").reformat(format="yuvj420p")
        out.mux(still.encode(image))
        out.mux(still.encode())
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        samples.sample_rate = 8000
        out.mux(sound.encode(samples))
        out.mux(sound.encode())
    return path


def test_a_cover_is_no_video(tmp_path: Path):
    with pytest.raises(InputError, match="its picture is a cover"):
        open_video(cover(tmp_path / "song.mp4", music=True))
    with open_video(cover(tmp_path / "video.mp4", music=False)) as video:
        assert len(list(video)) == 1


def beeping(path: Path, *, codec: str, video_start_s: float) -> Path:
    """A video that starts after its sound, which beeps at 0.5 s."""
    rate = 16_000
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = out.add_stream(codec, rate=rate, layout="mono")
        for index in range(20):
            frame = av.VideoFrame.from_ndarray(picture(level=40 + 8 * index), format="rgb24")
            frame.time_base, frame.pts = Fraction(1, 1000), round(1000 * (video_start_s + index / 25))
            out.mux(video.encode(frame))
        times_s = np.arange(rate) / rate
        beep = np.where((times_s > 0.5) & (times_s < 0.6), np.sin(2 * np.pi * 800 * times_s), 0)
        for start in range(0, rate, 1000):
            part = (20_000 * beep[start : start + 1000]).astype(np.int16)[None]
            samples = av.AudioFrame.from_ndarray(part, format="s16", layout="mono")
            samples.sample_rate, samples.time_base, samples.pts = rate, Fraction(1, rate), start
            out.mux(sound.encode(samples))
        out.mux(sound.encode())
        out.mux(video.encode())
    return path


@pytest.mark.parametrize("codec", ["aac", "pcm_s16le"])
def test_sound_is_written_where_it_lies(tmp_path: Path, codec: str):
    source = beeping(tmp_path / "a.mkv", codec=codec, video_start_s=0.3)
    with (
        open_video(source) as video,
        VideoWriter(tmp_path / "b.mp4", frames_per_second=25, sound_of=video) as writer,
    ):
        for frame in video:
            writer.write(frame.image, frame.time_s)
    with av.open(str(tmp_path / "b.mp4")) as written:
        loud_s = [
            frame.time
            for frame in written.decode(audio=0)
            if np.abs(frame.to_ndarray().astype(float)).max() > 0.2
        ]
    assert 0.5 - 0.14 < loud_s[0] < 0.5 + 0.04
    with open_video(tmp_path / "b.mp4") as video:
        times_s = [frame.time_s for frame in video]
    np.testing.assert_allclose(times_s, 0.3 + np.arange(20) / 25, atol=0.03)


def test_without_sound_nothing_is_missing(tmp_path: Path):
    source = encoded(tmp_path / "a.mp4", [picture()] * 3)
    with (
        open_video(source) as video,
        VideoWriter(tmp_path / "b.mp4", frames_per_second=25, sound_of=video) as writer,
    ):
        for frame in video:
            writer.write(frame.image, frame.time_s)
    with av.open(str(tmp_path / "b.mp4")) as written:
        assert [stream.type for stream in written.streams] == ["video"]


@pytest.mark.parametrize("suffix", ["webp", "avif", "png"])
def test_animated_pictures_are_read(tmp_path: Path, suffix: str):
    if suffix != "png" and not features.check(suffix):
        pytest.skip(f"this build of Pillow writes no {suffix}")
    pictures = [Image.fromarray(picture(level=40 + 30 * index)) for index in range(4)]
    path = tmp_path / f"a.{suffix}"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=[100, 200, 100, 100])
    with open_video(path) as video:
        frames = list(video)
    assert [frame.time_s for frame in frames] == pytest.approx([0.0, 0.1, 0.3, 0.4])
    assert all(
        abs(int(frame.image[30, 30, 0]) - level) < 8
        for frame, level in zip(frames, (40, 70, 100, 130), strict=True)
    )


def test_a_picture_is_no_video(tmp_path: Path):
    for name in ("a.webp", "a.jpg", "a.png"):
        Image.fromarray(picture()).save(tmp_path / name)
        with pytest.raises(InputError, match="mien fit"):
            open_video(tmp_path / name)
