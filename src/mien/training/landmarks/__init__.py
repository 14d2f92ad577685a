"""Training of the dense probabilistic landmark network (Wood et al. 2022, "3D Face Reconstruction with Dense
Landmarks", section 3.1) on synthetic pictures: from tar shards to the ONNX file that the package ships."""
