"""The files below an operator's folders: listed, fetched, written, moved, copied, deleted, brought back."""
