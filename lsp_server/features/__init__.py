"""What the editor can ask for: one file per capability, each attached by ``attach``."""
