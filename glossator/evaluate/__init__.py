"""`glossator eval`: measures retrieval and rails."""
