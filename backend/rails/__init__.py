"""Rails: what a model may be shown, and what a user may be shown.

``registry`` lists every rail, ``stages`` applies them to one request, ``screen`` runs the input
rails over its texts, and ``output`` guards the answer while it streams. ``formats``, ``policy``,
``placeholders`` and ``redaction`` are pure.
"""
