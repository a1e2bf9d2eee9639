"""From sources to a searchable index: documents → chunks → embeddings → store.

Imports nothing else of Glossator; the backend sees only types, embedder and store.
"""
