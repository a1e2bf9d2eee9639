"""The language server: editors on one side (LSP over stdio), the backend's websocket on the other.

It runs on the user's machine, so it stays light: of our packages it imports only
``backend.protocol`` and ``indexer.screening``.
"""
