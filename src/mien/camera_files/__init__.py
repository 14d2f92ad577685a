"""Cameras from other programs' files: OpenCV, COLMAP, nerfstudio.

Every reader returns `PosedPicture`s whose cameras follow mien's convention: OpenCV axes, pixel (0, 0) the
centre of the top-left pixel, metres. The world stays the file's own, only scaled.
"""
