"""What trainings read: faces cut out of drawn pictures, composed scenes."""
