"""The chain that makes the shipped networks, from drawing pictures to calibrated files."""
