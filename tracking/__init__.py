"""What moved, where, when, and made from what."""
