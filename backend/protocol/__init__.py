"""What editors, load tests and the server share: the wire protocol and the trace of a request.

This is the floor: it imports nothing else of ours, and nothing heavy.
"""
