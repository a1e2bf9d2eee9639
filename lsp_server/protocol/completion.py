"""What we add to ``textDocument/inlineCompletion``."""

# The editor runs this command when the user takes a completion.
TAKEN_COMMAND = "glossator.taken"
