"""Values in the published formats of secrets and personal data, and the contexts they leak in.

Every value is drawn from a seeded generator, check digits computed here and not by the code under
test. Prefixes are assembled from pieces, so that scanners of this repository rest.
"""
# ruff: noqa: E501, SIM905 (tables, one row a line)

import string
from collections.abc import Callable
from random import Random

BASE62 = string.ascii_letters + string.digits
BASE64URL = BASE62 + "-_"
HEX = "0123456789abcdef"
UPPER36 = string.ascii_uppercase + string.digits


def of(alphabet: str, size: int) -> Callable[[Random], str]:
    return lambda rng: "".join(rng.choices(alphabet, k=size))


def fmt(template: str, *parts: Callable[[Random], str]) -> Callable[[Random], str]:
    """``{}`` filled in order; ``¬`` in the template is dropped: it keeps prefixes apart.

    What stands before ``¦`` says whose the token is, and is no secret.
    """
    return lambda rng: template.replace("¬", "").format(*(part(rng) for part in parts))


def pem(label: str) -> Callable[[Random], str]:
    def make(rng: Random) -> str:
        body = "\n".join(
            "".join(rng.choices(BASE62 + "+/", k=64)) for _ in range(rng.randint(3, 9))
        )
        return f"-----BEGIN {label}PRIVATE KEY-----\n{body}=\n-----END {label}PRIVATE KEY-----"

    return make


def jwt(rng: Random) -> str:
    return ".".join(
        (
            "ey" + "JhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
            "ey" + "J" + of(BASE64URL, 60)(rng),
            of(BASE64URL, 43)(rng),
        )
    )


TOKENS: dict[str, Callable[[Random], str]] = {
    "GitHub token": fmt("gh¬p_{}", of(BASE62, 36)),
    "GitLab token": fmt("gl¬pat-{}", of(BASE64URL[:-1], 20)),
    "AWS access key": fmt("AK¬IA{}", of(string.ascii_uppercase + "234567", 16)),
    "Azure client secret": fmt("{}8Q~¦{}", of(BASE62, 3), of(BASE62 + "_.", 34)),
    "Google API key": fmt("AI¬za{}", of(BASE64URL, 34 + 1)),
    "Google OAuth secret": fmt("GO¬CSPX-{}", of(BASE64URL, 28)),
    "Slack token": fmt(
        "xo¬xb-{}-{}-{}", of(string.digits, 12), of(string.digits, 13), of(BASE62, 24)
    ),
    "Slack webhook": fmt(
        "https://hooks.sl¬ack.com/services/T{}/B{}/{}",
        of(UPPER36, 8),
        of(UPPER36, 10),
        of(BASE62, 24),
    ),
    "Discord webhook": fmt(
        "https://discord.com/api/web¬hooks/{}/{}", of("123456789", 18), of(BASE64URL, 68)
    ),
    "Discord token": fmt("M¬T{}.¦{}.{}", of(BASE62, 24), of(BASE62, 6), of(BASE62, 38)),
    "Telegram token": fmt("{}:¦A¬A{}", of("123456789", 10), of(BASE64URL, 33)),
    "Stripe key": fmt("sk¬_live_{}", of(BASE62, 24)),
    "Square token": fmt("sq¬0atp-{}", of(BASE62, 22)),
    "Shopify token": fmt("sh¬pat_{}", of(HEX, 32)),
    "OpenAI or Anthropic key": fmt("s¬k-proj-{}", of(BASE62, 48)),
    "Hugging Face token": fmt("h¬f_{}", of(string.ascii_letters, 34)),
    "Replicate token": fmt("r¬8_{}", of(BASE62, 37)),
    "Groq key": fmt("gs¬k_{}", of(BASE62, 52)),
    "npm token": fmt("np¬m_{}", of(BASE62, 36)),
    "PyPI token": fmt("pypi-¬AgEIcHlwaS5vcmc{}", of(BASE64URL, 90)),
    "RubyGems key": fmt("ruby¬gems_{}", of(HEX, 48)),
    "Docker token": fmt("dckr¬_pat_{}", of(BASE62, 27)),
    "DigitalOcean token": fmt("do¬p_v1_{}", of(HEX, 64)),
    "Databricks token": fmt("da¬pi{}", of(HEX, 32)),
    "Heroku key": fmt("HR¬KU-AA{}", of(BASE62, 58)),
    "SendGrid key": fmt("S¬G.{}.{}", of(BASE62, 22), of(BASE62, 43)),
    "Twilio key": fmt("S¬K{}", of(HEX, 32)),
    "Mailgun key": fmt("ke¬y-{}", of(HEX, 32)),
    "Mailchimp key": fmt("{}-u¬s12", of(HEX, 32)),
    "Grafana token": fmt("gl¬sa_{}_{}", of(BASE62, 32), of(HEX, 8)),
    "New Relic key": fmt("NR¬AK-{}", of(UPPER36, 27)),
    "Sentry token": fmt("sn¬tryu_{}", of(HEX, 64)),
    "Notion token": fmt("nt¬n_{}", of(BASE62, 46)),
    "Linear key": fmt("lin¬_api_{}", of(BASE62, 40)),
    "Figma token": fmt("fi¬gd_{}", of(BASE62, 43)),
    "Airtable token": fmt("pa¬t{}.{}", of(BASE62, 14), of(HEX, 64)),
    "Postman key": fmt("PM¬AK-{}-{}", of(HEX, 24), of(HEX, 34)),
    "Supabase token": fmt("sb¬p_{}", of(HEX, 40)),
    "Doppler token": fmt("dp¬.pt.{}", of(BASE62, 43)),
    "Vault token": fmt("hv¬s.{}", of(BASE64URL[:-2], 95)),
    "Terraform token": fmt("{}.atlas¬v1.¦{}", of(BASE62, 14), of(BASE62, 67)),
    "age key": fmt("AGE-SEC¬RET-KEY-1{}", of(UPPER36, 58)),
    "JSON web token": jwt,
}
KEYS: dict[str, Callable[[Random], str]] = {
    "private key": pem(""),
    "private key ": pem("RSA "),
    "private key  ": pem("OPENSSH "),
    "private key   ": pem("EC "),
}
WORDS = "falcon maple harbor copper tundra violet ember quartz saffron willow cobalt raven".split()


def password(rng: Random) -> str:
    word = rng.choice(WORDS).replace("a", rng.choice("a@4")).capitalize()
    return f"{word}{rng.choice('!#%+-_')}{rng.randint(10, 9999)}{rng.choice(WORDS)[:3]}"


OPAQUE = [of(BASE62, 32), of(HEX, 40), of(BASE62 + "+/", 40), of(BASE62, 24)]


def opaque(rng: Random) -> str:
    return rng.choice(OPAQUE)(rng)


# Personal data. Each check digit is computed as its standard says.
def luhn_digit(number: str) -> str:
    total = sum(
        sum(divmod(int(d) * (2 if place % 2 == 0 else 1), 10))
        for place, d in enumerate(reversed(number))
    )
    return str(-total % 10)


def card(rng: Random) -> str:
    prefix, size = rng.choice(
        [("4", 16), ("51", 16), ("55", 16), ("2223", 16), ("34", 15), ("6011", 16)]
    )
    number = prefix + "".join(rng.choices(string.digits, k=size - len(prefix) - 1))
    number += luhn_digit(number)
    if size == 15:
        return rng.choice([number, f"{number[:4]} {number[4:10]} {number[10:]}"])
    separator = rng.choice(["", " ", "-"])
    return separator.join(number[at : at + 4] for at in range(0, 16, 4))


def iban(rng: Random) -> str:
    country, body = rng.choice(
        [
            ("DE", of(string.digits, 18)), ("FR", of(string.digits, 23)), ("NL", fmt("ABNA{}", of(string.digits, 10))),
            ("GB", fmt("NWBK{}", of(string.digits, 14))), ("ES", of(string.digits, 20)), ("CH", of(string.digits, 17)),
            ("PL", of(string.digits, 24)), ("BE", of(string.digits, 12)),
        ]
    )  # fmt: skip
    account = body(rng)
    number = "".join(str(int(c, 36)) for c in account + country + "00")
    code = f"{country}{98 - int(number) % 97:02d}{account}"
    return rng.choice([code, " ".join(code[at : at + 4] for at in range(0, len(code), 4))])


def email(rng: Random) -> str:
    first = rng.choice(["ada", "grace", "linus", "mei", "omar", "ines", "tomasz", "priya", "kofi"])
    last = rng.choice(["lovelace", "okafor", "nilsson", "garcia", "kowalski", "tanaka", "silva"])
    local = rng.choice(
        [f"{first}.{last}", f"{first[0]}{last}", f"{first}_{rng.randint(1, 99)}", f"{first}+lists"]
    )
    host = rng.choice(
        [
            "gmail.com",
            "northwind-labs.io",
            "acme.co.uk",
            "posteo.de",
            "mail.kth.se",
            "corp.meridian.com",
        ]
    )
    return f"{local}@{host}"


def phone(rng: Random) -> str:
    d = lambda size: "".join(rng.choices("23456789", k=size))  # noqa: E731
    return rng.choice(
        [
            f"+1 {d(3)} {d(3)} {d(4)}", f"+1-{d(3)}-{d(3)}-{d(4)}", f"+44 20 {d(4)} {d(4)}", f"+49 30 {d(7)}",
            f"+33 1 {d(2)} {d(2)} {d(2)} {d(2)}", f"+91 {d(5)} {d(5)}", f"+81-3-{d(4)}-{d(4)}", f"+46{d(9)}",
            f"({d(3)}) {d(3)}-{d(4)}", f"{d(3)}-{d(3)}-{d(4)}", f"{d(3)}.{d(3)}.{d(4)}", f"020 {d(4)} {d(4)}",
            f"07{d(3)} {d(6)}"[:12], f"06 {d(2)} {d(2)} {d(2)} {d(2)}", f"0{rng.choice('12')}71/{d(7)}",
        ]
    )  # fmt: skip


def ipv4(rng: Random) -> str:
    return f"{rng.choice([23, 34, 52, 81, 93, 104, 146, 185, 195, 212])}.{rng.randint(32, 167)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}"


def ipv6(rng: Random) -> str:
    g = of(HEX, 4)
    return rng.choice(
        [
            f"2a02:{g(rng)}:{g(rng)}::{rng.randint(1, 99)}",
            f"2001:4860:{g(rng)}:{g(rng)}:{g(rng)}:{g(rng)}:{g(rng)}:{g(rng)}",
        ]
    )


def ssn(rng: Random) -> str:
    return f"{rng.randint(101, 665):03d}-{rng.randint(10, 99):02d}-{rng.randint(1000, 9999)}"


def nino(rng: Random) -> str:
    return f"{rng.choice(['AB', 'CE', 'JG', 'SN', 'WM'])}{rng.randint(100000, 999999)}{rng.choice('ABCD')}"


def until(make: Callable[[Random], str | None]) -> Callable[[Random], str]:
    """Draws again until a check digit exists."""

    def drawn(rng: Random) -> str:
        while (value := make(rng)) is None:
            pass
        return value

    return drawn


def nhs(rng: Random) -> str | None:
    body = [rng.randint(0, 9) for _ in range(9)]
    check = -sum(d * w for d, w in zip(body, range(10, 1, -1), strict=True)) % 11
    number = "".join(map(str, [*body, check]))
    return None if check == 10 else f"{number[:3]} {number[3:6]} {number[6:]}"


def steuer_id(rng: Random) -> str:
    pool = rng.sample("123456789", 9)
    body = [*pool, pool[0]]
    rng.shuffle(body)
    product = 10
    for d in body:
        total = (int(d) + product) % 10 or 10
        product = total * 2 % 11
    check = 11 - product
    number = "".join(body) + str(0 if check == 10 else check)
    return f"{number[:2]} {number[2:5]} {number[5:8]} {number[8:]}"


def nir(rng: Random) -> str:
    body = f"{rng.choice('12')}{rng.randint(40, 99)}{rng.randint(1, 12):02d}{rng.randint(10, 95)}{rng.randint(1, 999):03d}{rng.randint(1, 999):03d}"
    key = f"{97 - int(body) % 97:02d}"
    spaced = f"{body[0]} {body[1:3]} {body[3:5]} {body[5:7]} {body[7:10]} {body[10:]} {key}"
    return rng.choice([body + key, spaced])


def dni(rng: Random) -> str:
    number = rng.randint(10_000_000, 99_999_999)
    return f"{number}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"


def codice_fiscale(rng: Random) -> str:
    body = f"{of('BCDFGLMNPRSTVZ', 6)(rng)}{rng.randint(40, 99)}{rng.choice('ABCDEHLMPRST')}{rng.randint(1, 31):02d}{rng.choice('ABCDEFGHL')}{rng.randint(100, 999)}"
    odd_values = "1 0 5 7 9 13 15 17 19 21 2 4 18 20 11 3 6 8 12 14 16 10 22 25 24 23".split()
    odd = {c: int(v) for c, v in zip(string.ascii_uppercase, odd_values, strict=True)}
    odd |= {str(d): int(v) for d, v in enumerate(odd_values[:10])}
    total = sum(
        odd[c] if at % 2 == 0 else (int(c) if c.isdigit() else ord(c) - 65)
        for at, c in enumerate(body)
    )
    return body + string.ascii_uppercase[total % 26]


def cpf(rng: Random) -> str:
    body = [rng.randint(0, 9) for _ in range(9)]
    for size in (10, 11):
        body.append(
            sum(d * w for d, w in zip(body, range(size, 1, -1), strict=True)) * 10 % 11 % 10
        )
    n = "".join(map(str, body))
    return f"{n[:3]}.{n[3:6]}.{n[6:9]}-{n[9:]}"


def personnummer(rng: Random) -> str:
    body = f"{rng.randint(50, 99)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}{rng.randint(100, 999)}"
    return f"{body[:6]}-{body[6:]}{luhn_digit(body)}"


PERSONAL: dict[str, tuple[str, Callable[[Random], str]]] = {
    "email": ("email", email),
    "phone number": ("phone", phone),
    "credit card": ("card", card),
    "IBAN": ("iban", iban),
    "IP address": ("remote_ip", ipv4),
    "IP address ": ("client_ip", ipv6),
    "US social security number": ("ssn", ssn),
    "UK national insurance number": ("nino", nino),
    "NHS number": ("nhs_number", until(nhs)),
    "German tax id": ("steuer_id", steuer_id),
    "French social security number": ("nir", nir),
    "Spanish identity number": ("dni", dni),
    "Italian fiscal code": ("codice_fiscale", codice_fiscale),
    "Brazilian CPF": ("cpf", cpf),
    "Swedish personal number": ("personnummer", personnummer),
}

# (development, held out): the patterns were tuned looking at misses in the first of each only.
TOKEN_CONTEXTS = (
    [
        'TOKEN = "{value}"\n',
        "export ACCESS={value}\n",
        "  auth: {value}  # rotate me\n",
        "why does {value} give me a 401?",
    ],
    [
        'client = Client("{value}", timeout=3)\n',
        '{{"level":"debug","msg":"using {value}","n":3}}',
        "curl -H 'X-Auth: {value}' https://api.internal/v1\n",
        "RUN echo {value} > .token && make\n",
        "| key | `{value}` |\n",
    ],
)
KEY_CONTEXTS = (
    ['KEY = """{value}"""\n'],
    ["cat > id_rsa <<EOF\n{value}\nEOF\n", "here is my key, why is it refused?\n\n{value}\n"],
)
PASSWORD_CONTEXTS = (
    [
        'password = "{value}"\n',
        "DB_PASSWORD={value}\n",
        '{{"user": "app", "password": "{value}"}}',
        "connect(host, user='app', password='{value}')\n",
        "redis://:{value}@cache.internal:6379/0",
        "password: {value}\n",
    ],
    [
        '    "PASSWORD": "{value}",\n',
        "postgresql+psycopg://svc:{value}@db.prod.internal:5432/orders",
        "smtp_passwd: '{value}'\n",
        "mysqldump --password={value} shop > shop.sql\n",
        'conn = "Server=sql1;Database=hr;User Id=sa;Password={value};Encrypt=true"\n',
        "<password>{value}</password>\n",
        "machine git.internal login bot password {value}\n",
        'os.environ["PGPASSWORD"] = "{value}"\n',
        "amqp://worker:{value}@mq-1:5672/%2F",
    ],
)
OPAQUE_CONTEXTS = (
    [
        'api_key = "{value}"\n',
        "SECRET_KEY={value}\n",
        "client_secret: {value}\n",
        "Authorization: Bearer {value}\n",
    ],
    [
        "AWS_SECRET_ACCESS_KEY={value}\n",
        'const apiKey = "{value}";\n',
        '  "auth_token": "{value}",\n',
        "app.config['JWT_SECRET'] = '{value}'\n",
        "deploy --api-key {value} --region eu\n",
        'requests.get(u, headers={{"Authorization": "Bearer {value}"}})\n',
        "//registry.internal/:_authToken={value}\n",
    ],
)
PERSONAL_CONTEXTS = (
    [
        '{name} = "{value}"\n',
        "my {name} is {value}, where is it parsed?",
        '{{"id": 7, "{name}": "{value}"}}',
        "2026-03-04 10:11:12 INFO signup {name}={value} ok\n",
    ],
    [
        "INSERT INTO people VALUES (3, '{value}', true);\n",
        "# TODO(on-call): reach {value} before the migration\n",
        '    assert parse("{value}").ok\n',
        "id,{name},since\n3,{value},2024\n",
        "ERROR handler failed for user ({value}): retrying\n",
        "{name}: {value}\n",
        "<td>{value}</td>\n",
    ],
)
