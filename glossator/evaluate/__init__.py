"""`glossator eval`: figures about retrieval and rails."""
