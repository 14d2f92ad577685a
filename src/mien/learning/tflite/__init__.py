"""TensorFlow Lite files, read without TensorFlow, and the same networks as ONNX."""
