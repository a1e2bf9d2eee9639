"""`glossator index`: makes documentation searchable, and looks after the index."""
