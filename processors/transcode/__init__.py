"""Transcoding: a request is planned into tasks, followed, and finished."""
