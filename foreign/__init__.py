"""What others wrote, made harmless where it meets a reader: Markdown, terminals, names of secrets.

The editor side, the backend and the indexer all need it, so it knows none of them.
"""
