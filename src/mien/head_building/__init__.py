"""Building the project's own head model from samples of ICT-FaceKit and MakeHuman (`mien head build`)."""
