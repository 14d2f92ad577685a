"""Training of the field landmark network: expressions, analytic volumes, losses, loops, benchmark."""
