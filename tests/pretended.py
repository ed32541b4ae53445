"""An ffmpeg that says it has an encoder in hardware: a program that runs the real one, and x264 for that.

Its pictures are coded in another way than those of the product's own x264, so that neither's parameter sets
do for the other's segments.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.clips import ffmpeg

NAME = "h264_nvenc"

_PROGRAM = """#!{python} -IS
import os, subprocess, sys

REAL, NAME, PICTURES, END, FILTER = {real!r}, {name!r}, {pictures!r}, {end!r}, {filter!r}
HANGS = {hangs!r}
DROPPED = ("-rc", "-no-scenecut", "-b:v")
X264 = ["-preset", "ultrafast", "-refs", "2", "-x264-params", "cabac=0:scenecut=0:weightp=0"]

def translated(args):
    made, rest = [], iter(args)
    for each in rest:
        if each in DROPPED or each == "-preset":
            next(rest)
        elif each == "-cq":
            made += ["-crf", next(rest)]
        elif each == "-g":
            length = next(rest)
            made += ["-g", length, "-keyint_min", length]
        elif each == NAME:
            made += ["libx264", *X264]
        elif each.startswith("pipe:") and each != "pipe:1" or each.endswith("out.mp4"):
            made += ["-frames:v", PICTURES] if PICTURES else []
            made.append(each)
        else:
            made.append(FILTER if FILTER and each.startswith("dump_extra") else each)
    return made

args = sys.argv[1:]
if "-encoders" in args:
    print(" V....D", NAME, "pretended")
elif NAME not in args:
    os.execv(REAL, [REAL, *args])
elif HANGS:
    while True:
        print("frame=0", "out_time_us=0", "progress=continue", sep="\\n", flush=True)
else:
    done = subprocess.run([REAL, *translated(args)], close_fds=False)
    sys.stderr.write("the device is lost\\n" if END else "")
    sys.exit(END or done.returncode)
"""


def pretended(
    path: Path, *, pictures: int | None = None, end: int = 0, bitstream: str = "", hangs: bool = False
) -> Path:
    """Writes the program, in place of what is there.

    The encoder gives up after so many `pictures`, and ends with `end`; `bitstream` is what becomes of its
    pictures, as a filter of ffmpeg's. One that `hangs` reports for ever that nothing is done.
    """
    program = _PROGRAM.format(
        python=sys.executable,
        real=ffmpeg(),
        name=NAME,
        pictures=str(pictures) if pictures else None,
        end=end,
        filter=bitstream,
        hangs=hangs,
    )
    new = path.with_name(f"{path.name}.new")
    new.write_text(program)
    new.chmod(0o755)
    return new.replace(path)
