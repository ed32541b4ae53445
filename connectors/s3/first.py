"""Of all who put an object to one name, one is the first."""

from __future__ import annotations

from botocore.exceptions import ClientError

from connectors.s3.bucket import Bucket, code_of
from connectors.s3.sending import Sent

_TRIES = 3
_THERE = frozenset({"PreconditionFailed", "412"})
_CONFLICT = "ConditionalRequestConflict"


def put_first(bucket: Bucket, location: str, content: bytes) -> bool:
    """Puts it there from a thread; False where something is there already, which stays as it is."""
    for number in range(1, _TRIES + 1):
        try:
            bucket.quick.put_object(**bucket.object(location), Body=Sent(content), IfNoneMatch="*")
        except ClientError as error:
            if code_of(error) in _THERE:
                return False
            if code_of(error) != _CONFLICT or number == _TRIES:  # of two at once; one may be through by now
                raise
        else:
            return True
    raise AssertionError("unreachable")
