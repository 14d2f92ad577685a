"""What avatars are worth on frames that they never saw, and on synthetic people whose truth is known."""
