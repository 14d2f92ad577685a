"""Landmark sets as meshes: triangulation, hierarchy by quadric decimation, spirals around vertices."""
