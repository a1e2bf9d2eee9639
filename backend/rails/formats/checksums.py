"""Check digits and reserved ranges, which tell a real number from one that looks like it. Pure.

Each function takes the number as it was written, with separators, and never raises. python-stdnum
knows the check digits of national numbers; what it lets pass and nobody has, such as one digit
repeated, is left out here. A test compares those that presidio has too with presidio's own.
"""

import ipaddress
from datetime import date

from stdnum import luhn as luhn_digit
from stdnum.be import bis, nn
from stdnum.br import cpf as cadastro
from stdnum.ch import ssn as versicherung
from stdnum.de import idnr
from stdnum.es import dni as identidad
from stdnum.es import nie
from stdnum.fr import nir as repertoire
from stdnum.gb import nhs as health
from stdnum.in_ import aadhaar as unique_id
from stdnum.it import codicefiscale
from stdnum.nl import bsn as burgerservice
from stdnum.pl import pesel as powszechny

_DOCUMENTATION = tuple(ipaddress.ip_network(net) for net in ("2001:db8::/32", "3fff::/20"))
_NOBODYS = frozenset(  # public resolvers, and the address of textbooks
    ("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "1.2.3.4", "123.45.67.89")
)


def digits(text: str) -> list[int]:
    return [int(character) for character in text if "0" <= character <= "9"]


def alphanumerics(text: str) -> str:
    return "".join(character for character in text.upper() if character.isalnum())


def _written(text: str) -> str:
    """The digits alone."""
    return "".join(map(str, digits(text)))


def luhn(text: str) -> bool:
    """ISO/IEC 7812."""
    return bool(luhn_digit.is_valid(_written(text)))


def card(text: str) -> bool:
    """A payment card: an issuer's range and length, Luhn's digit, and not one digit repeated."""
    numbers = digits(text)
    head, size = int("".join(map(str, numbers[:4]))), len(numbers)
    issued = (
        (head // 1000 == 4 and size in (13, 16))
        or ((51 <= head // 100 <= 55 or 2221 <= head <= 2720) and size == 16)
        or (head // 100 in (34, 37) and size == 15)
        or ((head in range(3528, 3590) or head == 6011 or head // 100 == 65) and size == 16)
        or (head // 10 in range(644, 650) and size == 16)
        or ((head // 10 in range(300, 306) or head // 100 in (36, 38)) and size == 14)
    )
    return issued and len(set(numbers)) > 1 and luhn(text)


def iban(text: str) -> bool:
    """ISO 13616, mod 97. The expression checks the length, which depends on the country."""
    code = alphanumerics(text)
    return int("".join(str(int(character, 36)) for character in code[4:] + code[:4])) % 97 == 1


def ipv4(text: str) -> bool:
    """A public address that is unlikely to be a version, because two parts are 32 or more."""
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return False
    large = sum(part >= 32 for part in address.packed)
    return large >= 2 and public_ipv4(text)


def public_ipv4(text: str) -> bool:
    """Not private, reserved, multicast, for documentation, or known to everybody."""
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return address.is_global and not address.is_multicast and text not in _NOBODYS


def ipv6(text: str) -> bool:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return address.is_global and not any(address in network for network in _DOCUMENTATION)


def ssn(text: str) -> bool:
    """US: areas 000, 666 and 9xx, group 00 and serial 0000 were never issued."""
    area, group, serial = text[:3], text[-7:-5], text[-4:]
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def nhs(text: str) -> bool:
    """UK, mod 11."""
    return len(set(digits(text))) > 1 and bool(health.is_valid(_written(text)))


def steuer_id(text: str) -> bool:
    """German tax id."""
    return bool(idnr.is_valid(_written(text)))


def nir(text: str) -> bool:
    """French social security number."""
    return bool(repertoire.is_valid(alphanumerics(text)))


def dni(text: str) -> bool:
    """Spanish DNI and NIE."""
    code = alphanumerics(text)
    return bool(identidad.is_valid(code) or nie.is_valid(code))


def codice_fiscale(text: str) -> bool:
    """Italy. The date is not checked, because a number with a slip in it is still somebody's."""
    code = alphanumerics(text)
    return bool(codicefiscale.calc_check_digit(code[:15]) == code[15])


def pesel(text: str) -> bool:
    """Poland; it holds a date of birth."""
    return bool(powszechny.is_valid(_written(text)))


def cpf(text: str) -> bool:
    """Brazil, two digits mod 11."""
    return len(set(digits(text))) > 1 and bool(cadastro.is_valid(_written(text)))


def aadhaar(text: str) -> bool:
    """India, Verhoeff. A number does not begin with 0 or 1, and is no palindrome."""
    return bool(unique_id.is_valid(_written(text)))


def ahv(text: str) -> bool:
    """Switzerland, EAN-13."""
    return bool(versicherung.is_valid(_written(text)))


def bsn(text: str) -> bool:
    """The Netherlands, mod 11."""
    return bool(burgerservice.is_valid(_written(text)))


def rijksregister(text: str) -> bool:
    """Belgium, mod 97 over a date of birth; foreigners have one with another month."""
    code = _written(text)
    return bool(nn.is_valid(code) or bis.is_valid(code))


def personnummer(text: str) -> bool:
    """Sweden, Luhn over a real date. The library rejects coordination numbers (the day plus 60)."""
    code = digits(text)[-10:]
    year, month, day = (10 * code[at] + code[at + 1] for at in (0, 2, 4))
    try:
        date(2000 + year, month, day if day <= 60 else day - 60)
    except ValueError:
        return False
    return luhn("".join(map(str, code)))


def phone(text: str) -> bool:
    """Has as many digits as a telephone number (E.164), and more than two different ones."""
    numbers = digits(text)
    return 7 <= len(numbers) <= 15 and len(set(numbers)) > 2


def international_phone(text: str) -> bool:
    """A number after a plus, in groups as people write them."""
    return not text[1:].isdigit() and len(digits(text)) >= 8 and phone(text)


def national_phone(text: str) -> bool:
    return 9 <= len(digits(text)) <= 11 and phone(text)


def passport(text: str) -> bool:
    return len(digits(text)) >= 2
