"""Reads what people write as text: its encoding, front matter, and markup rewritten as Markdown."""
