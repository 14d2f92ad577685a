"""People drawn with exact labels, as pictures and volumes; things that are no heads."""
