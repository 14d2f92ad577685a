"""MediaPipe's Face Mesh networks, taken over as ONNX files."""
