"""Paper 2: a character's picture becomes complete body-part layers."""
