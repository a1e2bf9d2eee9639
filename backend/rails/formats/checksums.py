"""Check digits and reserved ranges, which tell a real number from one that looks like it. Pure.

Each function takes the number as it was written, with separators, and never raises. A test compares
those that presidio has too with presidio's own.
"""

import ipaddress
from datetime import date

_VERHOEFF_MULTIPLY = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_VERHOEFF_PERMUTE = (
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip
_ODD_DIGITS = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)
_ODD_LETTERS = (
    *_ODD_DIGITS, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
)  # fmt: skip
_CODICE_ODD = dict(
    zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", _ODD_DIGITS + _ODD_LETTERS, strict=True)
)
_DOCUMENTATION = tuple(ipaddress.ip_network(net) for net in ("2001:db8::/32", "3fff::/20"))
_NOBODYS = frozenset(  # public resolvers, and the address of textbooks
    ("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "1.2.3.4", "123.45.67.89")
)


def digits(text: str) -> list[int]:
    return [int(character) for character in text if "0" <= character <= "9"]


def alphanumerics(text: str) -> str:
    return "".join(character for character in text.upper() if character.isalnum())


def weighted(numbers: list[int], weights: list[int]) -> int:
    return sum(number * weight for number, weight in zip(numbers, weights, strict=False))


def luhn(text: str) -> bool:
    """ISO/IEC 7812."""
    doubled = [sum(divmod(2 * number, 10)) for number in digits(text)[-2::-2]]
    return (sum(doubled) + sum(digits(text)[-1::-2])) % 10 == 0


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
    numbers = digits(text)
    return len(set(numbers)) > 1 and weighted(numbers, list(range(10, 0, -1))) % 11 == 0


def steuer_id(text: str) -> bool:
    """German tax id: ISO 7064 mod 11,10. One of the first ten digits comes 2 or 3 times."""
    *body, check = digits(text)
    product = 10
    for number in body:
        product = ((product + number) % 10 or 10) * 2 % 11
    repeats = sorted(body.count(number) for number in set(body))
    return (11 - product) % 10 == check and repeats[-1] in (2, 3) and repeats[-2:-1] == [1]


def nir(text: str) -> bool:
    """French social security number, key mod 97. Corsica's 2A and 2B count as 19 and 18."""
    code = alphanumerics(text).replace("2A", "19").replace("2B", "18")
    return code.isdigit() and 97 - int(code[:13]) % 97 == int(code[13:])


def dni(text: str) -> bool:
    """Spanish DNI and NIE, letter mod 23."""
    code = alphanumerics(text)
    number = int(code[:-1].translate(str.maketrans("XYZ", "012")))
    return code[-1] == "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23]


def codice_fiscale(text: str) -> bool:
    code = text.upper()
    odd = sum(_CODICE_ODD[character] for character in code[:15:2])
    even = sum(int(c) if c.isdigit() else ord(c) - ord("A") for c in code[1:14:2])
    return chr(ord("A") + (odd + even) % 26) == code[15]


def pesel(text: str) -> bool:
    """Poland, weights 1 3 7 9."""
    numbers = digits(text)
    return weighted(numbers, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 == 0


def cpf(text: str) -> bool:
    """Brazil, two digits mod 11."""
    numbers = digits(text)
    first = weighted(numbers, list(range(10, 1, -1))) * 10 % 11 % 10
    second = weighted(numbers, list(range(11, 1, -1))) * 10 % 11 % 10
    return numbers[9:] == [first, second] and len(set(numbers)) > 1


def aadhaar(text: str) -> bool:
    """India, Verhoeff. A number does not begin with 0 or 1, and is no palindrome."""
    check = 0
    for place, number in enumerate(reversed(digits(text))):
        check = int(_VERHOEFF_MULTIPLY[check][int(_VERHOEFF_PERMUTE[place % 8][number])])
    return check == 0 and digits(text)[0] > 1 and digits(text) != digits(text)[::-1]


def ahv(text: str) -> bool:
    """Switzerland, EAN-13."""
    return weighted(digits(text), [1, 3] * 6 + [1]) % 10 == 0


def bsn(text: str) -> bool:
    """The Netherlands, mod 11."""
    numbers = digits(text)
    return any(numbers) and weighted(numbers, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 == 0


def rijksregister(text: str) -> bool:
    """Belgium, mod 97. For births from 2000 on, a 2 is put before the number."""
    code = "".join(map(str, digits(text)))
    return int(code[9:]) in (97 - int(century + code[:9]) % 97 for century in ("", "2"))


def personnummer(text: str) -> bool:
    """Sweden, Luhn over a real date."""
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
