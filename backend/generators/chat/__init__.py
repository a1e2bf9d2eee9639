"""Chat models: what their templates can do, and what is thinking in their text."""
