"""Pure picture functions on numpy arrays: files, compositing, mattes, fills, shadows. No network, no state."""
