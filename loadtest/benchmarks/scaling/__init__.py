"""What a scaling policy costs and keeps."""
