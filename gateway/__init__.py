"""The only door: HTTP in, events out, read models back. Start reading at `app.py`."""
