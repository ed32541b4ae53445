"""Prints the sha256 of a file: run as a script, so that it can be held back like any other tool."""

from __future__ import annotations

import hashlib
import sys

if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        print(hashlib.file_digest(file, "sha256").hexdigest())
