"""Settings of the chain that makes the shipped networks."""
