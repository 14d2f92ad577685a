"""What a field is made of: tensor grids, colour, occupancy."""
