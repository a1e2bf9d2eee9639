"""`glossator index`: makes documentation searchable and maintains the index."""
