"""The websocket client of the backend. It imports no pygls, so other programs use it too."""
