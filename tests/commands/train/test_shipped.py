"""`mien train shipped`: the commands of the chain, and going on where it stopped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mien.commands.app import main
from mien.commands.train.shipped.chain import RECORD_NAME, read_record, run_chain
from mien.commands.train.shipped.plan import READ_OUTS, ChainStep, chain_steps
from mien.errors import InputError, MienError
from mien.landmarks.networks import SHIPPED
from mien.training.shipped.config import ShippedConfig


def config(out: Path, **options) -> ShippedConfig:
    return ShippedConfig(Path("assets"), Path("face_landmark"), out, parts=2, **options)


def test_a_dry_run_prints_the_chain_and_makes_nothing(tmp_path: Path, capsys):
    out = tmp_path / "made"
    arguments = ["--assets", "assets", "--face-mesh", "face_landmark", "--out", str(out), "--parts", "3"]
    assert main(["train", "shipped", *arguments, "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert not out.exists()
    verbs = [line.split(" --")[0] for line in lines]
    assert verbs == [
        *2 * ["mien train face-mesh"],
        *3 * ["mien synth", "mien train encode-crops"],
        *2 * ["mien train read-out"],
        "mien synth",
        *2 * ["mien train export-read-out"],
        "mien synth",
        "mien train search",
        "mien train export-search",
    ]
    seeds = [line.split("--seed ")[1].split()[0] for line in lines if line.startswith("mien synth")]
    assert len(set(seeds)) == len(seeds)


def test_every_command_of_the_chain_is_understood(tmp_path: Path):
    """Each is parsed as its own command would."""
    from mien.commands.arguments import parse
    from mien.commands.train.encode_crops import EncodeCropsConfig
    from mien.commands.train.export_read_out import ExportReadOutConfig
    from mien.commands.train.face_mesh import FaceMeshConfig
    from mien.commands.train.read_out import TrainReadOutConfig
    from mien.commands.train.search import ExportSearchConfig, TrainSearchConfig
    from mien.synthetic.scenes.synth_config import SynthConfig

    known = {
        "face-mesh": FaceMeshConfig,
        "encode-crops": EncodeCropsConfig,
        "read-out": TrainReadOutConfig,
        "export-read-out": ExportReadOutConfig,
        "search": TrainSearchConfig,
        "export-search": ExportSearchConfig,
    }
    for step in chain_steps(config(tmp_path / "out")):
        first, *rest = step.arguments
        kind = SynthConfig if first == "synth" else known[rest.pop(0)]
        parse(kind, rest, prog="mien")


@pytest.mark.parametrize("name", sorted(READ_OUTS))
def test_the_recipe_is_the_shipped_networks(name: str, tmp_path: Path):
    card = json.loads((SHIPPED / f"{name}.card.json").read_text())
    [step] = [step for step in chain_steps(config(tmp_path)) if step.name == f"train {name}"]
    said = card["command"].split("--set")[1].split()
    ours = step.command.split("--set")[1].split()
    assert ours[: len(said)] == said
    seeds = [manifest["seed"] for manifest in card["training_data"]["manifests"]]
    drawn = chain_steps(ShippedConfig(Path("a"), Path("f"), tmp_path, networks=(name,)))  # type: ignore[arg-type]
    for seed in seeds:
        assert any(f"--seed {seed} " in each.command for each in drawn)
    assert "mien train shipped" in card["chain"]


class Commands:
    """Stands in for `mien`: notes what is run, writes what it would, stops where it is told."""

    def __init__(self, stop_at: str = "") -> None:
        self.ran: list[tuple[str, ...]] = []
        self.stop_at = stop_at

    def __call__(self, arguments: tuple[str, ...]) -> int:
        self.ran.append(arguments)
        if "read-out" in arguments:
            folder = Path(arguments[arguments.index("--out") + 1])
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "checkpoint.pt").write_text("half done")
        if "export-read-out" in arguments or "export-search" in arguments:
            network = Path(arguments[arguments.index("--out") + 1])
            network.parent.mkdir(parents=True, exist_ok=True)
            network.with_suffix(".card.json").write_text('{"format_version": 1}')
        return 3 if self.stop_at and self.stop_at in arguments else 0


def test_a_stopped_chain_goes_on(tmp_path: Path):
    out, said = tmp_path / "out", []
    steps = chain_steps(config(out))
    stopped = Commands(stop_at="read-out")
    with pytest.raises(MienError, match=r"'train realtime'.*exit code 3"):
        run_chain(steps, out, stopped, command="mien train shipped", say=said.append)
    before = len(stopped.ran)
    assert [step.name for step in steps[: before - 1]] == list(read_record(out))

    again = Commands()
    run_chain(steps, out, again, command="mien train shipped --out out", say=said.append)
    assert len(again.ran) == len(steps) - before + 1
    assert again.ran[0][-1] == "--resume"  # the training that had a checkpoint
    assert "--resume" not in again.ran[2]
    assert len(read_record(out)) == len(steps)
    for name in ("realtime", "offline", "search"):
        card = json.loads((out / "networks" / f"{name}.card.json").read_text())
        assert card["chain"] == "mien train shipped --out out"
    assert all(step.command in "\n".join(said) for step in steps)

    third = Commands()
    run_chain(steps, out, third, command="mien train shipped", say=said.append)
    assert third.ran == []


def test_another_chains_folder_is_refused(tmp_path: Path):
    out = tmp_path / "out"
    run_chain(chain_steps(config(out)), out, Commands(), command="c", say=lambda _: None)
    with pytest.raises(InputError, match="another chain"):
        run_chain(chain_steps(config(out, crops=5)), out, Commands(), command="c", say=lambda _: None)
    (out / RECORD_NAME).write_text('{"format_version": 1, "done": 3}')
    with pytest.raises(InputError, match="damaged"):
        run_chain(chain_steps(config(out)), out, Commands(), command="c", say=lambda _: None)


def test_a_step_is_shown_as_it_is_typed():
    assert ChainStep("draw", ("synth", "--out", "my pictures")).command == "mien synth --out 'my pictures'"
