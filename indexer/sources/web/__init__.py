"""Websites as sources: what may be fetched, how it is fetched, and what is made of it."""

from indexer.sources.web.source import WebSource

__all__ = ["WebSource"]
