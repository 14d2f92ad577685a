"""`mien train shipped`: the shipped networks, made anew."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from mien.commands.arguments import Flat, parse
from mien.training.shipped.config import ShippedConfig


@dataclass(frozen=True)
class TrainShippedConfig:
    """Make the shipped networks anew: draw pictures, show them to frozen encoders, train, export with
    calibrated σ.

    Every step is a command of mien, which is printed. Stopped at any moment, the same command goes on.
    """

    chain: Flat[ShippedConfig]
    """Inputs and sizes."""
    dry_run: bool = False
    """Print the commands and run none."""


def run(arguments: list[str]) -> int:
    """Run the chain, or print it; returns the exit code."""
    config = parse(TrainShippedConfig, arguments, prog="mien train shipped")
    from mien.commands.train.shipped.plan import chain_steps

    steps = chain_steps(config.chain)
    if config.dry_run:
        print("\n".join(step.command for step in steps))
        return 0

    from mien.commands.train.display import need_training
    from mien.commands.train.shipped.chain import run_chain

    need_training("torch", "onnx")
    command = shlex.join(["mien", "train", "shipped", *arguments])
    run_chain(steps, config.chain.out, _in_a_process, command=command, say=_say)
    print(f"written: {config.chain.out / 'networks'}")
    return 0


def _in_a_process(arguments: tuple[str, ...]) -> int:
    """Each step's memory is free again after it."""
    import subprocess
    import sys

    return subprocess.run([sys.executable, "-m", "mien.commands.app", *arguments], check=False).returncode


def _say(line: str) -> None:
    print(line, flush=True)
