"""The morphable head: model, landmark sets, other people's formats."""
