"""What all trainings stand on: the trainer, its checkpoints, schedules, network cards, ONNX files."""
