"""What others wrote, made harmless: for models, for readers of Markdown, for terminals.

The rails of the backend and the editor side use it too, so it imports nothing else of ours.
"""
