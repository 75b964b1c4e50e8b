"""Report a run: pictures, web pages and sentences in plain words."""
