"""Reads the user's workspace, its programs and its repository, and trusts none of them."""
