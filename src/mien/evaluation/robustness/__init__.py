"""Whether every reader holds against damaged files: seeds, mutations, child processes with limits."""
