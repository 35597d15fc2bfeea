"""Measuring engines on pictures whose layers are known, and showing what they do to photographs whose layers are not."""
