"""Resumable uploads by tus 1.0.0: each header and status of the protocol, over real files."""

from __future__ import annotations
