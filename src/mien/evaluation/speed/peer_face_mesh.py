"""Times MediaPipe Face Mesh on given frames. Run by another interpreter, which need not have mien:

    PYTHON peer_face_mesh.py FRAMES.npy COUNT perf_counter|process_time

prints {"version": …, "seconds": […]}; frames without a face are an error.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

WARM_UP = 10


def main(path: str, count: int, clock_name: str) -> None:
    """Follow the face through the frames, over and over."""
    import mediapipe  # type: ignore[import-not-found]

    clock = {"perf_counter": time.perf_counter, "process_time": time.process_time}[clock_name]
    frames = np.load(path)
    seconds = []
    with mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=False, max_num_faces=1, refine_landmarks=True
    ) as face_mesh:
        for index in range(count + WARM_UP):
            frame = frames[index % len(frames)]
            begin = clock()
            found = face_mesh.process(frame).multi_face_landmarks
            seconds.append(clock() - begin)
            if not found:
                sys.exit(f"Face Mesh finds no face in frame {index}")
    json.dump({"version": mediapipe.__version__, "seconds": seconds[WARM_UP:]}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
