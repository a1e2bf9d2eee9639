"""Formats of secrets, as their providers publish them, and values with telling names.

Prefixes and lengths are from the providers' documentation; PEM is RFC 7468, and JWT is RFC 7519. A
name such as ``password`` or ``api_key`` counts when its value looks like a secret and not like
code, a word or a placeholder: see ``credential`` and ``random_looking``.
"""

import math
import re
from collections import Counter
from itertools import pairwise

from backend.rails.formats.patterns import Pattern

_END = r"(?![A-Za-z0-9])"


def _token(kind: str, expression: str, *hints: str) -> Pattern:
    return Pattern(kind, f"(?:{expression}){_END}", hints)


def _numbered(kind: str, lead: str, value: str, *hints: str) -> Pattern:
    """A token that begins with its provider, which is not part of the secret.

    Nearly every word begins like one of these leads. If they were secret too, nearly every word of
    an answer would have to wait for the next one.
    """
    return Pattern(kind, f"{lead}(?P<value>{value}){_END}", hints)


_TEMPLATE = re.compile(
    r"(?i)<[^<>]*+>|\A\$|\$[{(]|\{|%\(|%s|environ|getenv|\*\*\*|\.\.\.|…|(.)\1{5}"
)
_STAND_IN = re.compile(
    r"(?i)change.?me|your|example|placeholder|redacted|removed|dummy|sample|xxx|todo|insert"
)
_LONG_HEX = re.compile(r"(?i)[0-9a-f]{32,200}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9]*(?:[._/:-]+[A-Za-z_][A-Za-z0-9]*)*[._/:-]?")
_ASSEMBLY = re.compile(r"[0-9a-f]{16}")  # .NET's PublicKeyToken


def _class_of(character: str) -> int:
    return (
        0 if character.islower() else 1 if character.isupper() else 2 if character.isdigit() else 3
    )


def _changes(value: str) -> float:
    """How often the class of character changes, per character: 0.05 in names, 0.4 in tokens."""
    classes = [_class_of(character) for character in value if character.isalnum()]
    return sum(a != b for a, b in pairwise(classes)) / max(len(classes), 1)


def _entropy(value: str) -> float:
    """Shannon entropy in bits per character."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())


def fake(value: str) -> bool:
    """A template, or a word that stands for a secret. A random text may have one by chance."""
    noise = len(value) >= 32 and _changes(value) >= 0.3
    return bool(_TEMPLATE.search(value) or (_STAND_IN.search(value) and not noise))


def random_looking(value: str) -> bool:
    """An opaque token: letters and digits mixed without order, but no placeholder."""
    # The cheapest test comes first. A text may have very many candidates, and nearly all fail.
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    if not mixed or _ASSEMBLY.fullmatch(value):
        return False
    unordered = _changes(value) >= 0.2 or _LONG_HEX.fullmatch(value) is not None
    return unordered and _entropy(value) >= 3.0 and not fake(value)


def credential(value: str) -> bool:
    """A password literal has a digit or rare symbol among letters, and is no name or path."""
    if fake(value) or "pass" in value.lower() or "secret" in value.lower():
        return random_looking(value)
    if _NAME.fullmatch(value) and _changes(value) < 0.2 and not value[-1].isdigit():
        return False
    kinds = {_class_of(character) for character in value if character not in "-_./: "}
    return len(kinds) >= 2 and bool(kinds & {2, 3}) and bool(kinds & {0, 1})


def bare_credential(value: str) -> bool:
    """A password without quotes, which must not be an expression of the language around it."""
    return credential(value) and (not _NAME.fullmatch(value) or _changes(value) >= 0.25)


def url_password(value: str) -> bool:
    """The text between ``user:`` and ``@`` is a password, unless it is a placeholder."""
    plain = value.lower() in ("password", "pass", "passwd", "pwd", "secret", "token", "pw", "p")
    return not plain and not fake(value)


# A name before a secret, and what may be between it and the value, in code, JSON, YAML, TOML, .env
# files and calls.
_OWNER = r"(?i:db|my|user|root|admin|mysql|pg|redis|smtp|ftp|ssh|mail|proxy|client|access|bot)?"
_PASSWORD = rf"{_OWNER}(?i:passw(?:or)?d|passphrase|passwort|pwd|pass(?![A-Za-z]))"
_KEY = (
    r"(?i:api[_-]?key|secret|access[_-]?(?:key|token)|auth[_-]?(?:key|token)|account[_-]?key"
    r"|signing[_-]?key|encryption[_-]?key|token|credential|webhook[_-]?key|salt)"
)
_ASSIGNED = (
    r"[A-Za-z0-9_]{0,24}[\"'`]{0,2}[\])]?[ \t]{0,8}"
    r"(?:(?::[ ]?[A-Za-z][A-Za-z\[\]|. ]{0,24})?(?:=>|:=|={1,3})|:|,(?=[ ]?[\"']))[ \t]{0,8}"
)
_OPEN = r"(?:[rbu]{0,2}[\"'`]|\\\")"
_QUOTED = rf"{_OPEN}(?P<value>[^\s\"'`\\]{{6,100}})[\"'`\\]"
_QUOTED_LONG = rf"{_OPEN}(?P<value>[^\s\"'`\\\[\]]{{16,200}})[\"'`\\]"
_BARE = r"(?P<value>[^\s\"'`<>;,&(){}\[\]\\$]{8,100})(?=[\s<;,&\"'`\\]|\Z)"
_OPAQUE = r"(?P<value>[A-Za-z0-9_\-+/=~.]{16,200})(?![A-Za-z0-9_(\[.])"
# A whole line of a .env file. There, a plain word with a digit is a value and not a variable.
_LINE = (
    r"(?:\A|(?<=\n))(?:export[ ])?[A-Za-z0-9_.-]{0,30}?(?i:passw(?:or)?d|_pass|pwd)[ ]?[=:][ ]?"
    r"(?P<value>[^\s\"'`<>;,&(){}\[\]\\$]{6,100})(?=[ \t]{0,4}(?:\n|\Z))"
)
# XML. The name has no digits, because our own placeholders would be elements otherwise.
_ELEMENT = r"[A-Za-z.-]{0,24}>\s{0,8}(?P<value>[^\s<>]{6,200})(?=\s{0,8}</)"

_HEX32 = r"[0-9a-f]{32}"
_WORD = r"[A-Za-z0-9_-]"

SECRETS: tuple[Pattern, ...] = (
    Pattern(
        "private key",
        r"-----BEGIN (?:[A-Z0-9]{2,10} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
        r"[A-Za-z0-9+/=\s:,.()\\\-\"']{16,8000}?"
        r"-----END (?:[A-Z0-9]{2,10} ){0,3}PRIVATE KEY(?: BLOCK)?-----",
        ("PRIVATE KEY",),
        reach=8_200,
    ),
    _token("GitHub token", r"gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_[A-Za-z0-9_]{22,255}", "gh"),
    _token("GitLab token", rf"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent)-{_WORD}{{20,250}}", "gl"),
    _token("AWS access key", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}", "AKIA", "ASIA", "A"),
    _token("Azure storage key", r"(?<=AccountKey=)[A-Za-z0-9+/]{86}==", "AccountKey="),
    _token(
        "Azure shared access key",
        r"(?<=AccessKey=)[A-Za-z0-9+/]{43}=|(?<=sig=)[A-Za-z0-9%]{43,63}%3[Dd]",
        "AccessKey=",
        "sig=",
    ),
    _numbered("Azure client secret", r"[A-Za-z0-9_~.]{3}[0-9]Q~", r"[A-Za-z0-9_~.-]{31,34}", "Q~"),
    _token("Google API key", rf"AIza{_WORD}{{35}}", "AIza"),
    _token("Google OAuth secret", rf"GOCSPX-{_WORD}{{28}}|ya29\.{_WORD}{{20,300}}", "GOC", "ya29"),
    _token("Slack token", r"xox[abeoprs]-[A-Za-z0-9-]{10,250}|xapp-\d-[A-Za-z0-9-]{20,250}", "x"),
    _token(
        "Slack webhook",
        r"https://hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/+]{20,90}",
        "hooks.slack.com",
    ),
    _token(
        "Discord webhook",
        rf"https://(?:canary\.|ptb\.)?discord(?:app)?\.com/api/webhooks/\d{{17,20}}/{_WORD}{{60,80}}",
        "/api/webhooks/",
    ),
    _numbered(
        "Discord token", rf"[MNO]{_WORD}{{23,27}}\.", rf"{_WORD}{{6}}\.{_WORD}{{27,40}}", "."
    ),
    _numbered("Telegram token", r"\d{8,10}:", rf"AA{_WORD}{{33}}", ":AA"),
    _token(
        "Stripe key",
        r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,247}|whsec_[A-Za-z0-9+/]{32,64}",
        "k_",
        "whsec_",
    ),
    _token(
        "Square token", rf"sq0(?:atp|csp|idp)-{_WORD}{{22,60}}|EAAA{_WORD}{{60}}", "sq0", "EAAA"
    ),
    _token("Shopify token", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}", "shp"),
    _token("OpenAI or Anthropic key", rf"sk-(?:ant-|proj-|svcacct-|or-)?{_WORD}{{32,250}}", "sk-"),
    _token("Hugging Face token", r"(?:hf|api_org)_[A-Za-z0-9]{34,40}", "hf_", "api_org_"),
    _token("Replicate token", r"r8_[A-Za-z0-9]{37}", "r8_"),
    _token("Groq key", r"gsk_[A-Za-z0-9]{52}", "gsk_"),
    _token("Perplexity key", r"pplx-[A-Za-z0-9]{48,56}", "pplx-"),
    _token("npm token", r"npm_[A-Za-z0-9]{36}", "npm_"),
    _token("PyPI token", rf"pypi-Ag{_WORD}{{50,400}}", "pypi-Ag"),
    _token("RubyGems key", r"rubygems_[a-f0-9]{48}", "rubygems_"),
    _token("crates.io token", r"cio[A-Za-z0-9]{32}", "cio"),
    _token("Docker token", rf"dckr_(?:pat|oat)_{_WORD}{{27,32}}", "dckr_"),
    _token("DigitalOcean token", r"do[opr]_v1_[a-f0-9]{64}", "_v1_"),
    _token("Databricks token", r"dapi[a-f0-9]{32}(?:-\d)?", "dapi"),
    _token("Heroku key", rf"HRKU-{_WORD}{{36,64}}", "HRKU-"),
    _token("SendGrid key", rf"SG\.{_WORD}{{22}}\.{_WORD}{{43}}", "SG."),
    _token("Twilio key", rf"SK{_HEX32}", "SK"),
    _token("Mailgun key", rf"key-{_HEX32}|[0-9a-f]{{32}}-[0-9a-f]{{8}}-[0-9a-f]{{8}}", "-"),
    _token("Mailchimp key", rf"{_HEX32}-us\d{{1,2}}", "-us"),
    _token(
        "Grafana token",
        r"glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|glc_[A-Za-z0-9+/]{32,400}={0,2}",
        "gl",
    ),
    _token("New Relic key", r"NRAK-[A-Z0-9]{27}", "NRAK-"),
    _token("Sentry token", r"sntryu_[a-f0-9]{64}|sntrys_eyJ[A-Za-z0-9+/=_]{40,400}", "sntry"),
    _token("Notion token", r"secret_[A-Za-z0-9]{43}|ntn_[A-Za-z0-9]{40,50}", "secret_", "ntn_"),
    _token("Linear key", r"lin_api_[A-Za-z0-9]{40}", "lin_api_"),
    _token("Figma token", rf"figd_{_WORD}{{40,60}}", "figd_"),
    _token("Airtable token", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}", "pat"),
    _token("Atlassian token", rf"ATATT3{_WORD}{{150,220}}(?:=[A-F0-9]{{8}})?", "ATATT3"),
    _token("Postman key", r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}", "PMAK-"),
    _token("PlanetScale token", r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.-]{32,64}", "pscale_"),
    _token("Supabase token", r"sbp_[a-f0-9]{40}", "sbp_"),
    _token("Doppler token", r"dp\.(?:pt|st|ct)\.[A-Za-z0-9.]{40,60}", "dp."),
    _token("Vault token", rf"hv[sbr]\.{_WORD}{{24,200}}", "hvs.", "hvb.", "hvr."),
    _numbered("Terraform token", r"[A-Za-z0-9]{14}\.atlasv1\.", rf"{_WORD}{{60,70}}", ".atlasv1."),
    _token("Cloudflare key", r"v1\.0-[a-f0-9]{24}-[a-f0-9]{146}", "v1.0-"),
    _token("Dropbox token", rf"sl\.(?:u\.)?{_WORD}{{130,400}}", "sl."),
    _token("Facebook token", r"EAA[A-Za-z0-9]{90,250}+", "EAA"),
    _token("age key", r"AGE-SECRET-KEY-1[0-9A-Z]{58}", "AGE-SECRET-KEY-1"),
    Pattern(
        "JSON web token",
        rf"(?:eyJ{_WORD}{{8,600}}+\.eyJ{_WORD}{{8,2000}}+\.{_WORD}{{8,600}}){_END}",
        ("eyJ",),
        reach=3_700,
    ),
    Pattern(
        "password in a URL",
        r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:@/\"'<>]{0,64}:"
        r"(?P<value>[^\s\"'`/<>]{3,100})@(?=[A-Za-z0-9\[$\{])",
        ("://",),
        url_password,
    ),
    Pattern(
        "authorization header",
        r"(?i:bearer|basic)[ ]{1,3}(?P<value>[A-Za-z0-9_\-.=+/~]{16,500})"
        r"(?![A-Za-z0-9(])",
        ("earer", "asic", "EARER", "ASIC"),
        random_looking,
    ),
    Pattern("password", rf"{_PASSWORD}{_ASSIGNED}{_QUOTED}", (), credential),
    Pattern("password", rf"{_PASSWORD}{_ASSIGNED}{_BARE}", (), bare_credential),
    Pattern(
        "password",
        r"(?:--(?i:password|passwd|pass|pw)[ =]|login[ ]{1,4}\S{1,64}\s{1,8}password[ ]{1,4})"
        r"[\"']?(?P<value>[^\s\"'`<>;&|(){}\\$]{6,100})(?![^\s\"'`;&|])",
        ("--", "login"),
        credential,
    ),
    Pattern("password", _LINE, ("ass", "ASS", "wd", "WD"), credential),
    Pattern(
        "password",
        r"(?:-u|--user|--proxy-user)[ =][\"']?[^\s:\"']{1,64}:(?P<value>[^\s\"'`$]{6,100})",
        ("-u", "--proxy-u"),
        credential,
    ),
    Pattern("key", rf"{_KEY}{_ASSIGNED}{_QUOTED_LONG}", (), random_looking),
    Pattern("key", rf"{_KEY}{_ASSIGNED}{_OPAQUE}", (), random_looking),
    *(
        Pattern(kind, rf"{name}{_ELEMENT}", ("</",), validate)
        for kind, name, validate in (
            ("password", _PASSWORD, bare_credential),
            ("key", _KEY, random_looking),
        )
    ),
    Pattern(
        "key",
        r"--(?i:api-?key|token|secret|access-key|auth)[ =][\"']?"
        r"(?P<value>[A-Za-z0-9_\-+/=~.]{16,200})(?![A-Za-z0-9_(\[.])",
        ("--",),
        random_looking,
    ),
)
