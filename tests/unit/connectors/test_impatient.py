"""An encode that reports and does nothing is given up; one that goes on, or is stopped, is not."""

from __future__ import annotations

import pytest

from connectors.media_tools import EncodeProgress, Impatient
from connectors.process import ToolFailed


def test_reports_that_say_the_same_end_it() -> None:
    heard: list[EncodeProgress] = []
    impatient = Impatient(heard.append, most_alike=3)
    for frames in (1, 1, 1, 2, 2, 2):
        impatient(EncodeProgress(frames, 0))
    with pytest.raises(ToolFailed) as failed:
        impatient(EncodeProgress(2, 0))
    assert failed.value.code == "stalled"
    assert [report.frames for report in heard] == [1, 1, 1, 2, 2, 2]
