"""Websites as sources: what may be fetched, how it is fetched, and how it becomes documents."""

from indexer.sources.web.source import WebSource

__all__ = ["WebSource"]
