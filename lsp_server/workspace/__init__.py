"""The user's workspace: its files, programs and repository, none of which is trusted."""
