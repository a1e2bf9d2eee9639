"""Reads documents that are zip files, in a process of its own: Word, PowerPoint, Excel, EPUB."""
