"""Build the files, names and headers of the web function from its sources."""
