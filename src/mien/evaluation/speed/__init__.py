"""How long things take, beside a peer."""
