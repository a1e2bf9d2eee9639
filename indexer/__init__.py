"""Turns sources into a searchable index: documents → chunks → embeddings → store.

It imports nothing else of Glossator.
"""
