"""Rails: what a model may be shown, and what a user may be shown.

Pure: ``patterns`` over the tables ``secret_formats`` and ``pii_formats`` with ``checksums``;
``redaction``, ``placeholders``, ``policy``. ``screen`` runs the input rails over a question;
``hold_back`` guards an answer while it streams.
"""
