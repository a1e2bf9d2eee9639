"""Load tests, and the tiny model they run on. Of the backend it imports the wire protocol alone."""
