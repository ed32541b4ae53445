"""Where a backup keeps what it is writing: gone with it, or with the next one."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from deploy.local.backup.spools import remove_left, spool
from deploy.local.settings import ROOT

_HOLDS = """
import sys, time
from pathlib import Path
from deploy.local.backup.spools import spool
with spool(Path(sys.argv[1])) as folder:
    (folder / "records.avro").write_bytes(b"x")
    print(folder, flush=True)
    time.sleep(600)
"""


def test_a_spool_lies_in_the_home_and_goes_with_its_backup(tmp_path: Path) -> None:
    with spool(tmp_path / "run") as folder:
        (folder / "records.avro").write_bytes(b"x")
        assert folder.parent == tmp_path / "run"
    assert list((tmp_path / "run").iterdir()) == []


def test_what_a_killed_one_left_goes_and_what_others_hold_stays(tmp_path: Path) -> None:
    other = tmp_path / "lock"
    other.write_text("7")
    with spool(tmp_path) as ours:
        process = subprocess.Popen(
            [sys.executable, "-c", _HOLDS, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert process.stdout is not None
        theirs = Path(process.stdout.readline().strip())
        remove_left(tmp_path)
        assert (theirs / "records.avro").exists()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert theirs.exists()
        remove_left(tmp_path)
        assert {*tmp_path.iterdir()} == {ours, other}
