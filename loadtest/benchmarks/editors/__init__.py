"""What plugins and language server cost in real editors, in front of a backend of known TTFT."""
