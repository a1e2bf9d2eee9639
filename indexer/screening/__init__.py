"""Makes text that others wrote harmless: for models, for readers of Markdown, for terminals.

The backend's rails and the editor side use it, too, so it imports nothing else of ours.
"""
