"""Rails: what a model may be shown, and what a user may be shown.

``redaction`` is pure; each other module is one rail. ``screen`` runs the input rails over a
question; ``hold_back`` guards an answer while it streams.
"""
