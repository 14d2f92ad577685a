"""What all trainings stand on: trainer, checkpoints, schedules, cards, ONNX."""
