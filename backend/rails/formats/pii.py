"""Formats of personal data, tuned for code.

A format that alone proves little also needs a check digit, a telling name before it, or separators.
Data of nobody is left alone: example domains, service accounts, private and documentation
addresses, versions, epochs. Names and places need a model (``backend.rails.input.pii``).
"""

from backend.rails.formats import checksums
from backend.rails.formats.patterns import Pattern

# The length of an IBAN by country code (SWIFT's registry).
_IBAN_LENGTHS = {
    15: "NO", 16: "BE", 18: "DK FI FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB NI PL SV", 29: "BR EG PS QA UA",
    30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
}  # fmt: skip
_TLDS = (
    "com org net edu gov mil int info biz name pro app dev io ai cloud email online site tech shop"
    " store xyz blog page agency company consulting digital solutions systems network software"
    " live life world media group email health care studio design news space science museum travel"
    " jobs mobi tel asia cat coop aero"
    " ac ad ae af ag al am ao ar as at au aw az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by"
    " bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cy cz de dj dk dm do dz ec ee eg er es et eu"
    " fi fj fm fo fr ga ge gg gh gi gl gm gn gr gt gu gy hk hn hr ht hu id ie il im in iq ir is it"
    " je jm jo jp ke kg kh ki km kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mk ml"
    " mm mn mo mr ms mt mu mv mw mx my mz na nc ne ng ni nl no np nr nu nz om pa pe pf pg ph pk pl"
    " pm pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg si sk sl sm sn so sr st su sv sx sy sz"
    " tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws"
    " ye za zm zw"
)
_NOBODYS_DOMAINS = (
    *("example.com", "example.org", "example.net", "example.edu"),  # RFC 2606
    *("domain.com", "host.com", "email.com", "company.com", "foo.com", "bar.com"),
)
_SERVICES = (
    "git hg svn noreply no-reply donotreply do-not-reply user username root nobody you your.name"
    " your-email youremail name someone me foo bar test postmaster mailer-daemon"
)


_TLD_SET, _SERVICE_SET = frozenset(_TLDS.split()), frozenset(_SERVICES.split())


def email(text: str) -> bool:
    """A person's address: not of a service, and not at a reserved or made-up domain."""
    local, _, domain = text.lower().rpartition("@")
    labels = domain.split(".")
    return (
        labels[-1] in _TLD_SET
        and labels[0] not in ("example", "self", "localhost")
        and not domain.endswith(_NOBODYS_DOMAINS)
        and not (local in _SERVICE_SET or local.endswith(("+noreply", "-noreply")))
        and not domain.startswith("users.noreply.")
        and any(character.isalpha() for character in local)  # else a Message-ID
        and ".." not in local
        and local[-1] != "."
    )


def _alternatives(*expressions: str) -> str:
    return f"(?:{'|'.join(expressions)})"


def _iban(length: int, countries: str) -> str:
    groups, rest = divmod(length - 4, 4)
    tail = f"[ ]?[A-Z0-9]{{{rest}}}" if rest else ""
    return f"(?:{countries.replace(' ', '|')})[0-9]{{2}}(?:[ ]?[A-Z0-9]{{4}}){{{groups}}}{tail}"


# A number by itself, and not in a word, a path, a decimal, a version or a longer number.
_ALONE = r"(?<![A-Za-z0-9_.])(?<![A-Za-z0-9_.][-+]|[0-9]/)"
_STOP = r"(?![A-Za-z0-9_]|[-./:][0-9])"
_UPPER = r"(?<![A-Za-z0-9_.-])"
_STOP_WORD = r"(?![A-Za-z0-9_])"
# The text between a telling name and its number, in prose, code, JSON, YAML and logs.
_SAYS = (
    r"(?:[_ -]?(?i:no|nr|number|num|id|code))?[\"'`]?[.:=#]{0,2}(?:[ ]?(?i:is|ist|est|es))?"
    r"[ ]{0,3}[\"'`(]?"
)


def _named(names: str, number: str) -> str:
    return rf"(?i:{names}){_SAYS}(?P<value>{number}){_STOP}"


_INTERNATIONAL = r"\+[1-9][0-9]{0,2}(?:[ .\-/]?\(?[0-9]{1,5}\)?){2,6}"
# Each begins with fixed characters, so that a search skips to them at the speed of memchr.
_NATIONAL = (
    r"[2-9][0-9]{2}[-. ][0-9]{3}[-. ][0-9]{4}",  # North America
    r"1[-. ][2-9][0-9]{2}[-. ][0-9]{3}[-. ][0-9]{4}",
    r"\([2-9][0-9]{2}\)[ ]?[0-9]{3}[-. ][0-9]{4}",
    r"0[1-9](?:(?: [0-9]{2}){4}|(?:\.[0-9]{2}){4}|(?:-[0-9]{2}){4})",  # France
    r"0[1-9][0-9]{1,4}(?:[ ]?[/-][ ]?[0-9]{5,8}|[ /-][0-9]{3,4}[ -][0-9]{3,5})",  # Germany, UK
    r"0[1-9][0-9]{3} [0-9]{6}",  # UK
    r"\(0[1-9][0-9]{1,4}\)[ ]?[0-9]{3,4}[ -]?[0-9]{3,5}",
)

PII: tuple[Pattern, ...] = (
    Pattern(
        "email",
        r"(?<![A-Za-z0-9.+_-])[A-Za-z0-9][A-Za-z0-9._%+'-]{0,63}@"
        r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,5}[A-Za-z]{2,12}"
        r"(?![A-Za-z0-9_(\[@-]|\.[A-Za-z0-9])",
        ("@",),
        email,
    ),
    Pattern(
        "credit card",
        rf"{_ALONE}[0-9]{{4}}(?:[0-9]{{9,12}}|(?: [0-9]{{4}}){{3}}|(?:-[0-9]{{4}}){{3}}"
        rf"| [0-9]{{6}} [0-9]{{4,5}}|-[0-9]{{6}}-[0-9]{{4,5}}){_STOP}",
        (),
        checksums.card,
    ),
    Pattern(
        "IBAN",
        _UPPER + _alternatives(*(_iban(*row) for row in _IBAN_LENGTHS.items())) + _STOP_WORD,
        (),
        checksums.iban,
    ),
    Pattern(
        "IP address",
        r"(?<![A-Za-z0-9_.-]|[=<>~]=[ ]?)(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![A-Za-z0-9_-]|\.[0-9])",
        (".",),
        checksums.ipv4,
    ),
    Pattern(
        "IP address",
        r"(?:(?i:ip|ipv4|ip[_ -]?addr(?:ess)?|host|client|remote[_ -]?addr|peer|from)"
        r"[\"'`]?[ ]?[:=]?[ ]?[\"'`\[(]?|://|(?i:ssh|ping|curl|nmap)[ ])"
        r"(?P<value>(?:[0-9]{1,3}\.){3}[0-9]{1,3})(?![A-Za-z0-9_-]|\.[0-9])",
        (".",),
        checksums.public_ipv4,
    ),
    Pattern(
        "IP address",
        r"(?<![A-Za-z0-9_:.])[23][0-9A-Fa-f]{3}:(?:[0-9A-Fa-f]{0,4}:){1,6}[0-9A-Fa-f]{0,4}(?![A-Za-z0-9_:])",
        (":",),
        checksums.ipv6,
    ),
    Pattern(
        "US social security number",
        rf"{_ALONE}[0-9]{{3}}-[0-9]{{2}}-[0-9]{{4}}{_STOP}",
        ("-",),
        checksums.ssn,
    ),
    Pattern(
        "US social security number",
        _named(r"ssn|social security", r"[0-9]{9}|[0-9]{3} [0-9]{2} [0-9]{4}"),
        (),
        checksums.ssn,
    ),
    Pattern(
        "UK national insurance number",
        _UPPER
        + r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
        + r"(?:[ ]?[0-9]{2}){3}[ ]?[A-D]"
        + _STOP_WORD,
    ),
    Pattern(
        "NHS number",
        rf"{_ALONE}[0-9]{{3}}(?: [0-9]{{3}} |-[0-9]{{3}}-)[0-9]{{4}}{_STOP}",
        (),
        checksums.nhs,
    ),
    Pattern("NHS number", _named("nhs", "[0-9]{10}"), (), checksums.nhs),
    Pattern(
        "German tax id",
        rf"{_ALONE}[1-9][0-9] [0-9]{{3}} [0-9]{{3}} [0-9]{{3}}{_STOP}",
        (" ",),
        checksums.steuer_id,
    ),
    Pattern(
        "German tax id",
        _named(
            r"steuer-?id(?:entifikationsnummer|nr)?|idnr|identifikationsnummer|tax[_ -]?id|tin",
            "[1-9][0-9]{10}",
        ),
        (),
        checksums.steuer_id,
    ),
    Pattern(
        "French social security number",
        rf"{_ALONE}[12] ?[0-9]{{2}} ?(?:0[1-9]|1[0-2]|[2-9][0-9])"
        rf" ?(?:[0-9]{{2}}|2[AB]) ?[0-9]{{3}} ?[0-9]{{3}} ?[0-9]{{2}}{_STOP}",
        (),
        checksums.nir,
    ),
    *(
        Pattern(
            "Spanish identity number",
            rf"{_ALONE}{number}-?[A-HJ-NP-TV-Z]{_STOP_WORD}",
            (),
            checksums.dni,
        )
        for number in ("[0-9]{8}", "[XYZ][0-9]{7}")
    ),
    Pattern(
        "Italian fiscal code",
        _UPPER + r"[A-Z]{6}[0-9]{2}[ABCDEHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z]" + _STOP_WORD,
        (),
        checksums.codice_fiscale,
    ),
    Pattern("Polish PESEL", _named("pesel", "[0-9]{11}"), (), checksums.pesel),
    Pattern("Dutch BSN", _named("bsn|burgerservicenummer", "[0-9]{9}"), (), checksums.bsn),
    Pattern(
        "Belgian national number",
        rf"{_ALONE}[0-9]{{2}}\.[0-9]{{2}}\.[0-9]{{2}}-[0-9]{{3}}\.[0-9]{{2}}{_STOP}",
        ("-",),
        checksums.rijksregister,
    ),
    Pattern(
        "Swiss AHV number",
        rf"{_ALONE}756\.[0-9]{{4}}\.[0-9]{{4}}\.[0-9]{{2}}{_STOP}",
        ("756.",),
        checksums.ahv,
    ),
    Pattern(
        "Swedish personal number",
        rf"{_ALONE}[0-9]{{6}}(?:[0-9]{{2}})?[-+][0-9]{{4}}{_STOP}",
        ("-", "+"),
        checksums.personnummer,
    ),
    Pattern(
        "Brazilian CPF",
        rf"{_ALONE}[0-9]{{3}}\.[0-9]{{3}}\.[0-9]{{3}}-[0-9]{{2}}{_STOP}",
        ("-",),
        checksums.cpf,
    ),
    Pattern("Brazilian CPF", _named("cpf", "[0-9]{11}"), (), checksums.cpf),
    Pattern(
        "Indian Aadhaar",
        rf"{_ALONE}[2-9][0-9]{{3}} [0-9]{{4}} [0-9]{{4}}{_STOP}(?![ ][0-9])",
        (" ",),
        checksums.aadhaar,
    ),
    Pattern("Indian PAN", _UPPER + "[A-Z]{3}[ABCFGHLJPT][A-Z][0-9]{4}[A-Z]" + _STOP_WORD),
    Pattern(
        "Canadian SIN",
        rf"{_ALONE}[1-79][0-9]{{2}}[ -][0-9]{{3}}[ -][0-9]{{3}}{_STOP}(?![ ][0-9])",
        (),
        checksums.luhn,
    ),
    Pattern(
        "passport number",
        _named(r"passport|passeport|reisepass", r"[A-Z0-9]{7,9}"),
        (),
        checksums.passport,
    ),
    # These are last, because a number with a check digit should be known by that.
    Pattern(
        "phone number",
        rf"(?<![A-Za-z0-9_.+-]){_INTERNATIONAL}{_STOP}",
        ("+",),
        checksums.international_phone,
    ),
    # A number without separators may not start a line, where a diff has its plus signs.
    Pattern(
        "phone number",
        rf"(?:\A|(?<=[^A-Za-z0-9_.+\n-]))\+[1-9][0-9]{{9,12}}{_STOP}",
        ("+",),
        checksums.phone,
    ),
    *(
        Pattern(
            "phone number",
            rf"{_ALONE}(?<![0-9] ){number}{_STOP}(?![ ][0-9])",
            (),
            checksums.national_phone,
        )
        for number in _NATIONAL
    ),
    Pattern(
        "phone number",
        _named(
            r"(?:tele|(?:mobile|cell|home|work)[_ ]?)?phone|telefon|handy|mobile|cell|tel|fax",
            r"\+?\(?[0-9](?:[ .\-/]?\(?[0-9]{1,5}\)?){2,7}",
        ),
        (),
        checksums.phone,
    ),
)
