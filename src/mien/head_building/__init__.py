"""The built-in head, learned from ICT-FaceKit and MakeHuman."""
