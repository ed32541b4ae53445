"""All that a stack has stored, in one file that says of itself whether it is whole.

A backup is a tar archive: the log as it was at one moment, partition by partition; the blobs that there were
by then; how far the stages had read; the few documents that the log does not hold; the secret. Its last
member, `manifest.json`, holds the hash of every other.
"""
