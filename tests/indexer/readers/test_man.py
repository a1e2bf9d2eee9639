"""Manual pages: the words of man(7) and mdoc(7), with the lines of their sections."""

import gzip

import pytest

from indexer.readers import man
from indexer.readers.page import Page, Unreadable

MAN = r""".\" A comment
.if n \{\
.de XX
hidden
..
.\}
.TH WAVES 1 2026-11-01 "waves 2.4" "User Commands"
.SH NAME
waves \- play sound
.SH SYNOPSIS
.B waves
[\fB\-r\fR \fIrate\fP]
.IR file ...
.SH OPTIONS
.TP
.BR \-r , " \-\-rate"
Samples a second.
The default is\~44100.
.IP \(bu 2
An item.
.PP
Run it:
.nf
waves a.wav  # loud
.fi
.SS "More options"
See
.BR sox (1).
"""
MDOC = r""".Dd November 1, 2026
.Dt WAVES 1
.Os
.Sh NAME
.Nm waves
.Nd play sound
.Sh SYNOPSIS
.Nm
.Op Fl r Ar rate
.Ar
.Sh DESCRIPTION
The
.Nm
utility plays, see
.Xr sox 1 .
.Bl -tag
.It Fl r Ar rate
Samples a second.
.El
.Bd -literal
waves a.wav
.Ed
"""


def read(text: str) -> tuple[Page, ...]:
    return tuple(man.read(text.encode()))


def test_man_pages_keep_sections_items_and_examples() -> None:
    page, rate = read(MAN)
    assert page.title == "waves(1)"
    assert page.text == (
        "## NAME {line=8}\n\nwaves - play sound\n\n"
        "## SYNOPSIS {line=10}\n\nwaves [-r rate] file...\n\n"
        "## OPTIONS {line=14}\n\nRun it:\n\n```\nwaves a.wav  # loud\n```\n\n"
        "### More options {line=26}\n\nSee sox(1)."
    )
    assert rate == Page(
        "Samples a second. The default is 44100.\n\n• An item.",
        "-r, --rate",
        kind="option",
        symbol="--rate",
        signature="-r, --rate",
        section="OPTIONS",
        line=15,
    )


def test_mdoc_pages_too() -> None:
    page, rate = read(MDOC)
    assert page.title == "waves(1)"
    assert "## SYNOPSIS {line=7}\n\nwaves [-r rate]" in page.text
    assert "The waves utility plays, see sox(1)." in page.text
    assert "see sox(1).\n\n```\nwaves a.wav\n```" in page.text
    assert (rate.symbol, rate.signature, rate.text, rate.line) == (
        "-r", "-r rate", "Samples a second.", 17,
    )  # fmt: skip


def test_a_tag_of_mdoc_may_take_several_lines() -> None:
    """``Xo`` and ``Xc`` enclose it, and other pairs enclose words."""
    page, kill, keep = read(
        ".Sh COMMANDS\n.Bl -tag\n.It Xo Ic kill-session\n.Op Fl aC\n.Oo Fl t Ar name Oc\n.Xc\n"
        "Ends it.\n.It Xo Ic keep-going\n.Op Ic on | off\n.Xc\nGoes on.\n.El\nAfter\n"
        ".Po see\n.Xr sox 1\n.Pc"
    )
    assert (kill.symbol, kill.signature) == ("kill-session", "kill-session [-aC] [-t name]")
    assert (keep.symbol, keep.signature) == ("keep-going", "keep-going [on | off]")
    assert (kill.text, keep.text) == ("Ends it.", "Goes on.")
    assert page.text.endswith("After (see sox(1))")


def test_an_option_ends_where_its_list_ends() -> None:
    """DocBook writes a term as a paragraph before an indented block, others nest lists in it."""
    page, jobs, color, when = read(
        ".SH OPTIONS\n.PP\n\\-j, \\-\\-jobs=\n.RS 4\nMany:\n.sp\n.RS 4\nnested\n.RE\n.RE\n"
        ".PP\nBetween.\n"
        ".TP\n.B \\-c\n.TQ\n.B \\-\\-color\nShows it.\n.RS\n.TP\n.B \\-\\-inner\nPart of it.\n.RE\n"
        ".TP\nwords first\nNot an option.\n.TP\n.B \\-\\-when\nLast.\n.PP\nAfter."
    )
    assert page.text == (
        "## OPTIONS {line=1}\n\nBetween.\n\nwords first\n  Not an option.\n\nAfter."
    )
    assert (jobs.symbol, jobs.text) == ("--jobs", "Many:\n\nnested")
    assert (color.symbol, color.signature) == ("--color", "-c\n--color")
    assert color.text == "Shows it.\n\n--inner\n  Part of it."
    assert (when.symbol, when.text) == ("--when", "Last.")


def test_compressed_pages_are_read_within_bounds() -> None:
    assert tuple(man.read(gzip.compress(MAN.encode()))) == read(MAN)
    with pytest.raises(Unreadable, match=r"larger than .* when decompressed"):
        list(man.read(gzip.compress(b"x" * (man.MAX_BYTES + 1))))
    with pytest.raises(Unreadable, match="damaged"):
        list(man.read(gzip.compress(MAN.encode())[:-20]))


@pytest.mark.parametrize("text", ["", ".de X\nno end", ".SH", ".TP", "\\", '.B "', ".Xr", ".Op"])
def test_broken_pages_end(text: str) -> None:
    assert all(page.text for page in man.read(text.encode()))


def test_pages_in_latin1_are_read() -> None:
    (page,) = man.read(".SH NAME\ncaf\xe9\n".encode("latin-1"))
    assert "café" in page.text
