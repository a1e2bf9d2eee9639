"""Rails that read what a client sends."""
