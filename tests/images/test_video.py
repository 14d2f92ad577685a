"""Video: what is written comes back; turned, cut and foreign files are handled."""

from __future__ import annotations

import os
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mien.errors import InputError, ShapeError
from mien.images.sound import SoundTrack
from mien.images.video import VideoWriter, open_video

FRAMES = 24


def picture(index: int, *, height: int = 48, width: int = 64) -> np.ndarray:
    """A smooth picture whose brightness tells the frame and whose top-left corner is red."""
    image = np.full((height, width, 3), 40 + 8 * index, np.uint8)
    image[: height // 4, : width // 4] = (255, 0, 0)
    return image


def write(path: Path, *, frames: int = FRAMES, rate: float = 30000 / 1001, **size: int) -> Path:
    with VideoWriter(path, frames_per_second=rate) as video:
        for index in range(frames):
            video.write(picture(index, **size))
    return path


def noisy(path: Path, *, frames: int = FRAMES) -> Path:
    """A video whose frames take space, to be cut in the middle."""
    random = np.random.default_rng(0)
    with VideoWriter(path, frames_per_second=25) as video:
        for _ in range(frames):
            video.write(random.integers(0, 256, (48, 64, 3), np.uint8))
    return path


def test_round_trip(tmp_path: Path):
    with open_video(write(tmp_path / "a.mp4")) as video:
        assert (video.width_px, video.height_px, video.rotation_deg) == (64, 48, 0)
        assert video.frames_per_second == pytest.approx(30000 / 1001)
        assert video.frame_count_estimate == FRAMES
        frames = list(video)
        assert not video.truncated
    assert [frame.index for frame in frames] == list(range(FRAMES))
    times = np.array([frame.time_s for frame in frames])
    assert np.allclose(times, np.arange(FRAMES) * 1001 / 30000, atol=1e-3)
    for frame in frames:
        assert frame.image.shape == (48, 64, 3)
        difference = frame.image[20:, 20:].astype(int) - picture(frame.index)[20:, 20:]
        assert np.abs(difference).mean() < 4
        assert frame.image[4, 4, 0] > 200  # RGB, not BGR
        assert frame.image[4, 4, 2] < 60


def with_sound(path: Path, *, video_start_s: float, sound_start_s: float) -> Path:
    """A short video whose streams start at different times."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = out.add_stream("pcm_s16le", rate=8000, layout="mono")
        for index in range(5):
            frame = av.VideoFrame.from_ndarray(picture(index), format="rgb24")
            frame.time_base = Fraction(1, 1000)
            frame.pts = round(1000 * (video_start_s + index / 25))
            out.mux(video.encode(frame))
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
        samples.sample_rate, samples.time_base = 8000, Fraction(1, 8000)
        samples.pts = round(8000 * sound_start_s)
        out.mux(sound.encode(samples))
        out.mux(video.encode())
    return path


@pytest.mark.parametrize(
    ("video_s", "sound_s", "first_s"), [(0.6, 0.0, 0.6), (0.88, 0.4, 0.48), (0.28, 0.72, 0.0)]
)
def test_times_are_on_the_clock_of_the_sound(tmp_path: Path, video_s, sound_s, first_s):
    path = with_sound(tmp_path / "a.mkv", video_start_s=video_s, sound_start_s=sound_s)
    with open_video(path) as video:
        times = [frame.time_s for frame in video]
    np.testing.assert_allclose(times, first_s + np.arange(5) / 25, atol=2e-3)


def test_memory_of_a_written_picture_may_be_used_for_the_next(tmp_path: Path):
    path, picture = tmp_path / "clip.mp4", np.empty((33, 48, 3), np.uint8)
    greys = list(range(20, 220, 10))
    with VideoWriter(path, frames_per_second=25) as video:
        for grey in greys:
            picture[:] = grey
            video.write(picture)
            picture[:] = 255
    with open_video(path) as video:
        np.testing.assert_allclose([frame.image.mean() for frame in video], greys, atol=3)


def test_odd_sizes_lose_one_row_or_column(tmp_path: Path):
    with open_video(write(tmp_path / "a.mp4", frames=3, height=33, width=35)) as video:
        assert next(iter(video)).image.shape == (32, 34, 3)


@pytest.mark.parametrize("clockwise_deg", [90, 180, 270])
def test_stored_rotation_is_applied(tmp_path: Path, clockwise_deg: int):
    """Phones store frames lying down with a display matrix; we patch that matrix into the file."""
    cosine, sine = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[clockwise_deg]
    one = 1 << 16
    path = write(tmp_path / "a.mp4", frames=4)
    data = path.read_bytes()
    identity = struct.pack(">9i", one, 0, 0, 0, one, 0, 0, 0, 1 << 30)
    turned = struct.pack(">9i", cosine * one, sine * one, 0, -sine * one, cosine * one, 0, 0, 0, 1 << 30)
    track_header = data.index(b"tkhd")
    place = data.index(identity, track_header)
    path.write_bytes(data[:place] + turned + data[place + len(identity) :])

    with open_video(path) as video:
        assert video.rotation_deg == clockwise_deg
        image = next(iter(video)).image
        assert image.shape == (video.height_px, video.width_px, 3)
    expected = np.rot90(picture(0), -clockwise_deg // 90)
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).mean() < 8


def test_gif(tmp_path: Path):
    from PIL import Image

    pictures = [Image.fromarray(picture(index)) for index in range(5)]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=100)
    with open_video(tmp_path / "a.gif") as video:
        assert len(list(video)) == 5


def test_cut_video_gives_its_first_frames_and_says_so(tmp_path: Path):
    path = noisy(tmp_path / "a.mp4")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.6)])
    with open_video(path) as video:
        frames = list(video)
        assert video.truncated
    assert 3 < len(frames) < FRAMES


def expect(path: Path, *words: str) -> None:
    with pytest.raises(InputError) as caught:
        open_video(path)
    assert path.name in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_video_cut_before_its_first_frame(tmp_path: Path):
    path = noisy(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[:1500])
    expect(path)


def test_missing_video(tmp_path: Path):
    expect(tmp_path / "nothing.mp4", "does not exist")


def test_empty_video(tmp_path: Path):
    (tmp_path / "a.mp4").touch()
    expect(tmp_path / "a.mp4", "empty")


def test_text_named_as_a_video(tmp_path: Path):
    (tmp_path / "a.mp4").write_text("no video " * 100)
    expect(tmp_path / "a.mp4", "not a video", "MP4")


def test_sound_only(tmp_path: Path):
    import wave

    with wave.open(str(tmp_path / "a.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(4000))
    expect(tmp_path / "a.wav", "no video stream")


def test_failed_writing_leaves_nothing(tmp_path: Path):
    def fail() -> None:
        with VideoWriter(tmp_path / "a.mp4", frames_per_second=25) as video:
            video.write(picture(0))
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_writing_no_frame_is_an_error(tmp_path: Path):
    with pytest.raises(InputError, match="no frame"), VideoWriter(tmp_path / "a.mp4", frames_per_second=25):
        pass
    assert list(tmp_path.iterdir()) == []


def test_frames_must_share_a_size(tmp_path: Path):
    with VideoWriter(tmp_path / "a.mp4", frames_per_second=25) as video:
        video.write(picture(0))
        with pytest.raises(ShapeError):
            video.write(picture(0, height=20))


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_frame_rate_must_be_positive(tmp_path: Path, rate: float):
    with pytest.raises(InputError, match="frames per second"):
        VideoWriter(tmp_path / "a.mp4", frames_per_second=rate)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_the_sound_of_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "clip.mp4")
    with SoundTrack(tmp_path / "clip.mp4", start_s=0.0):
        pass
