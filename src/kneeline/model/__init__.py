"""Floor 0: the words. Frozen values that every other room speaks in."""
