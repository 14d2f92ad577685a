"""How well heads are fitted: against exact geometry, in pictures, through time; and how fast."""
