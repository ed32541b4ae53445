"""The contract over HTTP: the read half of a schema registry, and the AsyncAPI document."""
