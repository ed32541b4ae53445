"""Subtitle files of every format and encoding, with what makes each of them hard."""

# ruff: noqa: E501

from __future__ import annotations

import codecs

LANGUAGES = {
    "cp1250": "Gdzie byłeś wczoraj wieczorem?\nCzekałam na ciebie całą noc, a ty nie przyszedłeś.\n"
    "Nie mogłem. Padał śnieg i drogi były zamknięte.\nŻałuję, że się spóźniłem.",
    "cp1251": "Где ты был вчера вечером?\nЯ ждала тебя всю ночь, а ты не пришёл.\n"
    "Я не мог. Шёл снег, и дороги были закрыты.\nПрости, что опоздал.",
    "cp1252": "Où étais-tu hier soir ?\nJe t’ai attendu toute la nuit et tu n’es pas venu.\n"
    "Ça m’est égal, les routes étaient fermées.\nIch hätte früher kommen müssen, schöne Grüße.",
    "cp1253": "Πού ήσουν χθες το βράδυ;\nΣε περίμενα όλη νύχτα και δεν ήρθες.\n"
    "Δεν μπορούσα. Χιόνιζε και οι δρόμοι ήταν κλειστοί.\nΣυγγνώμη που άργησα.",
    "cp1254": "Dün akşam neredeydin?\nBütün gece seni bekledim ama gelmedin.\n"
    "Gelemedim. Kar yağıyordu ve yollar kapalıydı.\nGeç kaldığım için özür dilerim, şimdi iyi misin?",
    "cp1255": "איפה היית אתמול בערב?\nחיכיתי לך כל הלילה ולא באת.\n"
    "לא יכולתי. ירד שלג והדרכים היו סגורות.\nסליחה שאיחרתי.",
    "cp1256": "أين كنت مساء أمس؟\nانتظرتك طوال الليل ولم تأت.\n"
    "لم أستطع. كان الثلج يتساقط وكانت الطرق مغلقة.\nآسف لأنني تأخرت.",
    "cp932": "昨日の夜はどこにいたの?\n一晩中待っていたのに、あなたは来なかった。\n"
    "行けなかったんだ。雪が降っていて、道が閉まっていた。\n遅れてごめん。",
    "gb18030": "你昨天晚上在哪里?\n我等了你一整夜,可是你没有来。\n我来不了。下雪了,路都封了。\n对不起,我迟到了。",
    "cp949": "어젯밤에 어디 있었어?\n밤새 기다렸는데 오지 않았잖아.\n"
    "갈 수 없었어. 눈이 와서 길이 막혔어.\n늦어서 미안해.",
    "big5": "你昨天晚上在哪裡?\n我等了你一整夜,可是你沒有來。\n我來不了。下雪了,路都封了。\n對不起,我遲到了。",
}
"""What people wrote in each code page."""


def srt(*texts: str, end: str = "\n") -> str:
    """A SubRip file of these texts, two seconds each."""
    cues = (
        f"{n}\n00:00:{2 * n:02},000 --> 00:00:{2 * n + 1:02},500\n{t}\n\n" for n, t in enumerate(texts, 1)
    )
    return "".join(cues).replace("\n", end)


_SRT = (
    '\n\n1\n00:00:01,000 --> 00:00:02,500\n{\\an8}<i>Hi <b>there</b></i> <font color="#ff0000">you</font>\n'
    "a < b, <3 and <no tag>\n\n"
    "2\n00:00:02,000 --> 00:00:02,000  X1:100 X2:200 Y1:10 Y2:20\n- overlaps, has no length\n- 二 \u202bעברית\u202c\n\n\n\n"
    "2\n  00:00:02,5 --> 0:00:03.25\n\n"
    "99\n-00:00:01,000 --> 00:00:01,000\nbefore zero\n1984\n\n"
    "123:59:59,999 --> 1000:00:00,000\nno number, after days  \n\nan empty line inside\n\n"
    "7\n00:00:xx,000 --> 00:00:05,000\nno time\n\n"
    "8\n00:00:01,000 --> 00:00:00,500\ngoes back"
)
_VTT = (
    "WEBVTT - a film\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:900000\nKind: captions\n\n"
    "STYLE\n::cue(b) { color: red; }\n\nREGION\nid:fred\nwidth:40%\n\n"
    "NOTE made by hand\nof two lines\n\n"
    "first cue\n00:01.000 --> 00:02.000 region:fred line:0 align:start\n<v Ann>Hi <i.loud>you</i> &amp; &lt;3&lrm;</v>\n"
    "<c.yellow>yellow</c> <00:01.500>sung <ruby>漢<rt>kan</rt></ruby> <lang he>עברית</lang>\n\n"
    "100:00:00.000 --> 100:00:00.000\n\n\nNOTE between\n\n"
    "00:03.000-->00:04.000\nno space\n00:05.000 --> 00:06.000\nno empty line above\n\n"
    "broken\n00:0x.000 --> 00:07.000\nkept\n\n00:01.000 --> 00:00.500 position:10%\nback\n"
)
_ASS = (
    "[Script Info]\n; a comment\nTitle: x\nScriptType: v4.00+\nPlayResX: 640\n\n[Aegisub Project Garbage]\nLast: 1\n\n"
    "[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, Bold, Italic, Alignment\n"
    "Style: Default,Arial,20,&H00FFFFFF,0,0,2\nStyle: Sign,Times, New,20,&H00FFFFFF,-1,-1,8\n\n"
    "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    "Comment: 0,0:00:00.00,0:00:00.00,Default,,0,0,0,template,code {not shown}\n"
    "Dialogue: 0,0:00:01.00,0:00:02.50,Default,Ann,0,0,0,,{\\an8\\fad(100,200)\\t(0,100,\\fs(20))}Hi{\\i1}, you{\\i0}\\Nagain, and\\hagain\n"
    "Dialogue: 10,0:00:01.00,0:00:01.00,Sign,,0010,0010,0010,Banner;25,{\\p1}m 0 0 l 100 0 100 100{\\p0}{a comment}text\n"
    "Dialogue: 0,10:00:00.00,100:00:00.00,Default,,0,0,0,,{\\k20}ka{\\kf30}ra{\\ko10}o{\\c&H0000FF&}ke{\\r}\n"
    "Dialogue: too short\nDialogue: 0, 0:00:03.1 ,0:00:02.00,Default,,0,0,0,, space, and back\n"
    "Picture: 0,0:00:00.00\n\n[Fonts]\nfontname: a.ttf\n[ABCDEFGHIJ]\n!!!!\n\n[Graphics]\nfilename: b.png\n!!"
)
_SSA = (
    "[Script Info]\nScriptType: v4.00\n\n[V4 Styles]\nFormat: Name, Fontname, Fontsize, Bold, Italic, Alignment\n"
    "Style: Default,Arial,20,0,0,6\n\n[Events]\nFormat: Marked, Start, End, Style, Name, Effect, Text\n"
    "Dialogue: Marked=0,0:00:01.00,0:00:02.50,Default,Ann,,{\\a6}Hi, you\nDialogue: Marked=1,0:00:03.00,0:00:04.00,Default,,,b\n"
)
_TTML = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<tt:tt xmlns:tt="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/'
    'ttml#parameter" xmlns:tts="http://www.w3.org/ns/ttml#styling" ttp:frameRate="24" ttp:frameRateMultiplier="1000 1001" '
    'ttp:tickRate="10000000" xml:lang="en">\n <tt:head><tt:styling><tt:style xml:id="s" tts:color="red"/></tt:styling>\n'
    ' <tt:layout><tt:region xml:id="r"/></tt:layout></tt:head>\n <!-- <p begin="1s">none</p> -->\n'
    ' <tt:body begin="10s"><tt:div>\n  <tt:p xml:id="one" begin="00:00:01.000" end=\'00:00:02:12\' region="r">'
    '<tt:span tts:fontStyle="italic">Hi</tt:span><tt:br/>\n    you &amp; me &#233;</tt:p>\n'
    '  <tt:p begin="50000000t" dur="2.5s"><![CDATA[a < b]]></tt:p>\n'
    '  <tt:p><tt:span begin="120f" end="100h">one</tt:span> <tt:span begin="8000ms" end="9m">two</tt:span></tt:p>\n'
    '  <tt:p end="3s">no begin</tt:p>\n  <tt:p begin="5s" end="6s"/>\n  <tt:p begin="wallclock(1)">odd</tt:p>\n'
    " </tt:div></tt:body>\n</tt:tt>\n"
)
_SAMI = (
    '<SAMI>\n<HEAD><TITLE>x</TITLE><STYLE TYPE="text/css">\n<!--\nP { x: y }\n.ENCC { Name: English; lang: en-US; }\n'
    ".KRCC { Name: Korean; }\n--></STYLE></HEAD>\n<BODY>\n<SYNC Start=1000><P Class=ENCC>Hi <i>you</i><br>\n there &amp; "
    '<font color="red">red</font>\n  <P Class=KRCC>안녕\n<SYNC Start="2500"><P Class=ENCC>&nbsp;<P Class=KRCC>&nbsp;\n'
    "<sync start=3000 end=9><p class=ENCC>next < b</p></sync>\n<SYNC Start=4000><P Class=ENCC>last\n<SYNC Start=5000>"
    "<P Class=ENCC>&nbsp;\n<SYNC Start=6000><P Class=ENCC>&nbsp;\n<SYNC><P Class=ENCC>no time\n</BODY></SAMI>\n"
)
_MICRODVD = "{1}{1}23.976\n{25}{50}{y:i}{c:$0000ff}Hi|{Y:b}you|/slanted\n{ 75 }{}no end\nno cue\n{99999999}{0}back\n{1}{1}30"
_MPL2 = "[10][35]/Hi|you\n[40][]no end\n[-5][0]before zero\n\nodd\n[99999999][1]back"
_TMP = "00:00:01:Hi|<i>you</i>\n00:00:01:at once\nodd\n99:59:59=other\n100:00:00,1=third"
_PYSUBS2 = (
    '{"info": {}, "styles": {}, "events": [{"start": 1000, "end": 2000, "text": "{\\\\i1}\\u00e9 \\"q\\" '
    '\\ud83d\\ude00\\\\Nb", "style": "x"},\n {"text":"\\/x","start":3000,"end":4000}, {"start": 1}], "x": [{"start": 1}]}'
)
_WHISPER = (
    '{"text": "all", "segments": [\n {"id": 0, "start": 0.5, "end": 1.25, "text": " Hi", "words": [{"start": 1}]},\n'
    ' {"id": 1, "start": 3.0, "end": 4, "text": "you"}], "language": "en"}'
)
FEATURES = {
    "film.srt": _SRT,
    "film.vtt": _VTT,
    "film.ass": _ASS,
    "film.ssa": _SSA,
    "film.ttml": _TTML,
    "film.smi": _SAMI,
    "film.sub": _MICRODVD,
    "film.mpl": _MPL2,
    "film.txt": _TMP,
    "film.json": _PYSUBS2,
    "heard.json": _WHISPER,
}
"""A file for each format, with its name."""


def files() -> dict[str, tuple[str, bytes]]:
    """Every file, by what it is about: its name and its bytes."""
    out: dict[str, tuple[str, bytes]] = {}
    for name, text in FEATURES.items():
        out[name] = (name, text.encode())
        out[f"{name}, lines end as in DOS"] = (name, text.replace("\n", "\r\n").encode())
        out[f"{name}, with a mark"] = (name, codecs.BOM_UTF8 + text.encode())
        out[f"{name}, UTF-16"] = (name, codecs.BOM_UTF16_LE + text.encode("utf-16-le"))
        out[f"{name}, UTF-16 without a mark"] = (name, text.encode("utf-16-be"))
    for page, text in LANGUAGES.items():
        out[page] = ("film.srt", srt(*text.split("\n"), end="\r\n").encode(page))
    return out | _odd()


def _odd() -> dict[str, tuple[str, bytes]]:
    mixed = "1\r00:00:01,000 --> 00:00:02,000\ra\r\r2\r\n00:00:03,000 --> 00:00:04,000\r\nb\r\n\r\n3\n00:00:05,000 --> 00:00:06,000\nc"
    return {
        "mixed line ends": ("film.srt", mixed.encode()),
        "line ends of old Macs": ("film.vtt", _VTT.replace("\n", "\r").encode()),
        "bytes of no encoding": ("film.srt", srt("Où", "étés").encode() + b"\xff\xfe3 \xc3"),
        "an odd byte in UTF-16": ("film.srt", codecs.BOM_UTF16_LE + srt("a", "b").encode("utf-16-le") + b"x"),
        "half a character in UTF-16": (
            "film.srt",
            "\ufeff".encode("utf-16-le") + srt("a\ud800", "b").encode("utf-16-le", "surrogatepass"),
        ),
        "characters written in two ways": (
            "film.srt",
            srt("昨日の夜は").encode("cp932")
            + b"9\n00:01:00,000 --> 00:01:01,000\n\x87\x90\x87\x91\xfa\x40 \x82\xcc\n",
        ),
        "UTF-32": ("film.srt", codecs.BOM_UTF32_LE + srt("a", "ä").encode("utf-32-le")),
    }
