"""Published protocols: NoW, MICC Florence, DAD-3DHeads, and the metrics of Simic's thesis."""
