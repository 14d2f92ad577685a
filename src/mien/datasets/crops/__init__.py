"""Faces cut out of drawn pictures: shards, augmentation, batches."""
