"""Frame rates: the usual ones, very low and very high ones, and ones that vary."""

from __future__ import annotations

from fractions import Fraction

from tests.sources.source import Source, film

FILM = Fraction(24_000, 1001)
NTSC = Fraction(30_000, 1001)

_GAPS = "between(n,50,69)+between(n,100,108)+eq(mod(n,7),3)"
"""Of 180 pictures 50 go: twenty in a row, nine in a row, and one here and there."""
_AS_TIMED = ("-fps_mode", "passthrough")

SOURCES: tuple[Source, ...] = (
    film("film_24", frames=336, rate=FILM),
    film("film_25", frames=75, rate=25),
    film("film_2997", frames=90, rate=NTSC),
    film("film_30", frames=90),
    film("one_a_second", frames=10, rate=1),
    film("rate_120", frames=240, rate=120, filters="scroll=horizontal=0.01"),
    film(
        "vfr_jitter",
        frames=180,
        filters="settb=1/90000,setpts='N*3000+1200*sin(N)'",
        output=(*_AS_TIMED, "-enc_time_base", "1/90000"),
        frame_rate=None,
        constant_rate=False,
    ),
    film(
        "vfr_gaps",
        ".mkv",
        frames=130,
        drawn=180,
        filters=f"select='not({_GAPS})'",
        output=_AS_TIMED,
        frame_rate=None,
        constant_rate=False,
        tags="gaps",
    ),
    film(
        "vfr_quickens",
        frames=30 + 120,
        drawn=120 + 120,
        rate=60,
        filters="select='gte(n,120)+not(mod(n,4))'",
        output=_AS_TIMED,
        frame_rate=None,
        constant_rate=False,
    ),
)
