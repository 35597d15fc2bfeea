"""Live2D characters: read, pose and render them on the CPU, and know every fragment (paper 2, section 3.2)."""
