"""Networks that take the place of a classical part, each behind one protocol of `liwi.protocols`."""
