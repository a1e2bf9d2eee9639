"""The language server: editors on one side (LSP over stdio), the backend's websocket on the other.

Runs on the user's machine, so it stays light: of ours it imports ``backend.protocol.wire`` alone.
"""
