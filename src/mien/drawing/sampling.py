"""Pictures looked up at texture coordinates."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def sampled(
    picture: Float[np.ndarray, "height width channels"], uv: Float[np.ndarray, "n 2"]
) -> Float[np.ndarray, "n channels"]:
    """(N, C) values of a picture (h, w, C) at texture coordinates (N, 2), between texels."""
    import cv2

    if not len(uv):
        return np.zeros((0, picture.shape[2]), np.float32)
    places = uv * [picture.shape[1], -picture.shape[0]] + [-0.5, picture.shape[0] - 0.5]
    width = 4096  # in rows, since cv2.remap takes no longer lists
    rows = -(-len(uv) // width)
    maps = [np.resize(each.astype(np.float32), (rows, width)) for each in places.T]
    sampled = cv2.remap(picture, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return sampled.reshape(-1, picture.shape[2])[: len(uv)]
