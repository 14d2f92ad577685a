"""Readers of what benchmarks and the building of heads take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def _truth(path: Path) -> object:
    from mien.synthetic.scenes.scene_truth import held_out_views, read_scene_truth

    return read_scene_truth(path), held_out_views(path)


def _portraits(path: Path) -> object:
    from mien.evaluation.landmarks.portrait_pictures import read_points, read_portraits

    portraits = read_portraits(path)
    read_points(portraits, path / "found.npz")  # what was not found is NaN
    return portraits


def _labelled(path: Path) -> object:
    from mien.evaluation.landmarks.ytf68 import read_labels

    return read_labels(path, path.parent)


def _clips(path: Path) -> object:
    from mien.evaluation.tracking.expressive_clips import read_clips

    read_clips(path)  # frames without a face are NaN
    return None


def _ljson(path: Path) -> object:
    from mien.evaluation.published.micc import read_ljson

    return read_ljson(path)


def _micc(path: Path) -> object:
    from mien.evaluation.published.micc import read_prediction, read_template

    template = read_template(path / "template.obj", path / "vertices.json")
    return template, read_prediction(path / "subject", template)


def _now(path: Path) -> object:
    from mien.evaluation.published.now import read_picked_points, read_pictures, read_seven_points

    pictures = read_pictures(path, picture_list=path / "list.txt")
    points = [read_seven_points(path / f"seven{suffix}") for suffix in (".npy", ".txt")]
    return pictures, read_picked_points(path / "scan.pp"), points


def _dad(path: Path) -> object:
    from mien.evaluation.published.dad3d import read_heads, read_item_boxes, read_submission

    read_submission(path / "mine.json")  # its arrays are checked one by one when they are measured
    return read_heads(path / "heads.json"), read_item_boxes(path / "val.json")


def _flame_files(path: Path) -> object:
    from mien.evaluation.published.flame_landmarks import read_flame_files

    return read_flame_files(path)


def _tflite(path: Path) -> object:
    from mien.learning.tflite.graph import read_tflite

    graph = read_tflite(path)
    return [tensor.shape for tensor in graph.tensors], len(graph.operators)


def _speeds(path: Path) -> object:
    from mien.evaluation.speed.baseline import read_baseline

    return read_baseline(path)


def _log(path: Path) -> object:
    from mien.learning.training_log import TrainingLog

    TrainingLog(path).go_back_to(2)
    return None


def _vertices(path: Path) -> object:
    from mien.heads.formats.vertex_list import vertex_list

    return vertex_list(path, 200)


def _makehuman(path: Path) -> object:
    from mien.head_building.makehuman import ArkitTargets, MakeHuman, read_proxy

    assets = MakeHuman(path)
    proxy = read_proxy(path / "hair.mhclo")
    moved = [assets.target(name) for name in assets.target_names]
    return assets.base, proxy, ArkitTargets(path).displacement("tongueOut"), moved


def _ict(path: Path) -> object:
    from mien.head_building.ict_facekit import read_ict_facekit

    return read_ict_facekit(path)


STUDY_READERS: dict[str, Callable[[Path], Any]] = {
    "scene truth": _truth, "portraits": _portraits, "labelled pictures": _labelled, "clips": _clips,
    "ljson": _ljson, "MICC": _micc, "NoW": _now, "DAD-3DHeads": _dad, "FLAME files": _flame_files,
    "tflite": _tflite, "speeds": _speeds, "training log": _log, "vertex list": _vertices,
    "MakeHuman": _makehuman, "ICT-FaceKit asset": _ict,
}  # fmt: skip
