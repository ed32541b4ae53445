"""The rules that playlists are held against find what breaks them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests import hls_rules

MASTER = """\
#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,URI="en/a.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="Comments",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=NO,URI="c/a.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1280000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970,AUDIO="aac"
# what begins like this is a comment
low/a.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=65000,CODECS="mp4a.40.5",AUDIO="aac"
en/a.m3u8
"""
MEDIA = """\
#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:10
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="init.mp4"

#EXTINF:9.009,
0.m4s
#EXTINF:10.499999,A title, with a comma
1.m4s
#EXTINF:3.003,
2.m4s
#EXT-X-ENDLIST
"""


def test_what_keeps_the_rules_is_read() -> None:
    found = hls_rules.master(MASTER)
    assert [track["NAME"] for track in found.tracks] == ["English", "Comments"]
    assert [(v.uri, v.said["BANDWIDTH"]) for v in found.variants] == [
        ("low/a.m3u8", "1280000"),
        ("en/a.m3u8", "65000"),
    ]
    played = hls_rules.media(MEDIA.replace("\n", "\r\n"))
    assert (played.version, played.target_s, played.init) == (7, 10, "init.mp4")
    assert sum(segment.length_s for segment in played.segments) == Fraction("22.511999")


@pytest.mark.parametrize(
    ("good", "bad", "rule"),
    [
        ("#EXTM3U\n", "", "begin with"),
        ("#EXTM3U", "\ufeff#EXTM3U", "byte order mark"),
        ("VERSION:7", "VERSION:seven", "version that is none"),
        ("VERSION:7\n", "VERSION:7\n#EXT-X-VERSION:6\n", "EXT-X-VERSION twice"),
        ("#EXT-X-INDEPENDENT-SEGMENTS", "#EXTINF:4,", "EXTINF in a master"),
        ("#EXT-X-INDEPENDENT-SEGMENTS", "stray.m3u8", "where none may be"),
        ('NAME="English",', "", "no NAME"),
        ('NAME="English"', 'NAME=""', "NAME can't be"),
        ('NAME="English"', "NAME=English", "NAME can't be"),
        ('NAME="English"', 'NAME="Engl"ish"', "no attribute list"),
        ('NAME="English"', 'NAME="Engl\nish"', "no attribute list"),
        ('NAME="English"', 'NAME="Engl\x07ish"', "control character"),
        ('NAME="English"', 'NAME="E\u0301nglish"', "NFC"),
        ('NAME="English"', 'NAME="Comments"', "two of one name"),
        ('LANGUAGE="en",DEFAULT=YES', 'LANGUAGE="english (UK)",DEFAULT=YES', "LANGUAGE can't be"),
        ("DEFAULT=NO", "DEFAULT=YES", "not chosen by itself"),
        ("DEFAULT=NO,AUTOSELECT=NO", "DEFAULT=YES,AUTOSELECT=YES", "two defaults"),
        ("AUTOSELECT=NO", "AUTOSELECT=YES", "nothing to tell them by"),
        ("AUTOSELECT=NO", "AUTOSELECT=no", "AUTOSELECT can't be"),
        ("TYPE=AUDIO,", "TYPE=AUDIO, ", "no attribute list"),
        ('URI="en/a.m3u8"\n', 'URI="en/a.m3u8",\n', "no attribute list"),
        ('URI="en/a.m3u8"', 'URI="https://example.org/a.m3u8"', "unsafe address"),
        ('URI="en/a.m3u8"', 'URI="../a.m3u8"', "unsafe address"),
        ('URI="en/a.m3u8"', 'URI="/a.m3u8"', "unsafe address"),
        ('FRAME-RATE=29.970,AUDIO="aac"', 'FRAME-RATE=29.970,AUDIO="mp3"', "no group 'mp3'"),
        ("BANDWIDTH=1280000,", "", "no BANDWIDTH"),
        ("BANDWIDTH=1280000", "BANDWIDTH=1.28", "BANDWIDTH can't be"),
        ("BANDWIDTH=1280000", "BANDWIDTH=0", "bandwidth that is none"),
        ("BANDWIDTH=1280000", "BANDWIDTH=1,BANDWIDTH=1", "BANDWIDTH twice"),
        ("BANDWIDTH=1280000", "BANDWIDTH=1,SPEED=1", "SPEED is not known"),
        ('CODECS="avc1.64001f,mp4a.40.2",', "", "no CODECS"),
        ("avc1.64001f", "h264", "no codec"),
        ("avc1.64001f,mp4a", "avc1.64001f, mp4a", "no codec"),
        ("mp4a.40.2", "avc1.64001f", "a codec twice"),
        ("RESOLUTION=1280x720,", "", "RESOLUTION where"),
        ("RESOLUTION=1280x720", "RESOLUTION=1280:720", "RESOLUTION can't be"),
        ("FRAME-RATE=29.970,", "", "FRAME-RATE where"),
        ("low/a.m3u8\n", "", "unsafe address"),
        ("\nen/a.m3u8\n", "\nen/a.m3u8", "without an end"),
    ],
)
def test_what_breaks_a_rule_of_master_playlists_is_found(good: str, bad: str, rule: str) -> None:
    assert good in MASTER
    with pytest.raises(hls_rules.Broken, match=rule):
        hls_rules.master(MASTER.replace(good, bad, 1))


@pytest.mark.parametrize(
    ("good", "bad", "rule"),
    [
        ("VERSION:7", "VERSION:5", "needs version 6"),
        ("#EXT-X-TARGETDURATION:10\n", "", "no EXT-X-TARGETDURATION"),
        ("DURATION:10\n", "DURATION:10.5\n", "no integer"),
        ("DURATION:10\n", "DURATION:9\n", "above the target"),
        ("10.499999", "10.5", "above the target"),
        ("SEQUENCE:0", "SEQUENCE:1", "at its beginning"),
        ("TYPE:VOD", "TYPE:EVENT", "another type"),
        ('URI="init.mp4"', "", "no attribute list"),
        ('"init.mp4"', '"../init.mp4"', "unsafe address"),
        ("1.m4s", "0.m4s", "two segments"),
        ("1.m4s", "sub/../1.m4s", "unsafe address"),
        ("#EXTINF:9.009,\n", "", "where none may be"),
        ("0.m4s\n", "", "unsafe address"),
        ("9.009,", "9.009", "without a comma"),
        ("9.009,", "-9.009,", "length that is none"),
        ("9.009,", "9e0,", "length that is none"),
        ("#EXTINF:10.4", "#EXT-X-GAP\n#EXTINF:10.4", "among segments"),
        ("#EXT-X-ENDLIST\n", "", "without an end"),
    ],
)
def test_what_breaks_a_rule_of_media_playlists_is_found(good: str, bad: str, rule: str) -> None:
    assert good in MEDIA
    with pytest.raises(hls_rules.Broken, match=rule):
        hls_rules.media(MEDIA.replace(good, bad, 1))


def test_fractions_of_a_second_need_version_3_and_whole_ones_do_not() -> None:
    old = MEDIA.replace('#EXT-X-MAP:URI="init.mp4"\n', "").replace("VERSION:7", "VERSION:2")
    with pytest.raises(hls_rules.Broken, match="need version 3"):
        hls_rules.media(old)
    whole = old.replace("9.009", "9").replace("10.499999", "10").replace("3.003", "3")
    assert hls_rules.media(whole.replace("#EXT-X-VERSION:2\n", "")).version == 1
