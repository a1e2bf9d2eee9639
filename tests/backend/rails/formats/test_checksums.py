"""Check digits agree with presidio's own validators, and with published examples."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from presidio_analyzer import predefined_recognizers as theirs

from backend.rails.formats import checksums

# In these, ours also checks the date of birth.
STRICTER = (checksums.pesel,)
digits = lambda size: st.text(string.digits, min_size=size, max_size=size)  # noqa: E731


@pytest.mark.parametrize(
    ("ours", "validator", "numbers"),
    [
        (checksums.luhn, theirs.CreditCardRecognizer, digits(16)),
        (checksums.nhs, theirs.NhsRecognizer, digits(10)),
        (checksums.aadhaar, theirs.InAadhaarRecognizer, digits(12)),
        (checksums.pesel, theirs.PlPeselRecognizer, digits(11)),
        (checksums.dni, theirs.EsNifRecognizer, st.from_regex(r"[0-9]{8}[A-Z]", fullmatch=True)),
        (
            checksums.dni,
            theirs.EsNieRecognizer,
            st.from_regex(r"[XYZ][0-9]{7}[A-Z]", fullmatch=True),
        ),
        (
            checksums.codice_fiscale,
            theirs.ItFiscalCodeRecognizer,
            st.from_regex(r"[A-Z]{6}[0-9]{2}[A-Z][0-9]{2}[A-Z][0-9]{3}[A-Z]", fullmatch=True),
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
@given(data=st.data())
def test_a_check_digit_is_judged_as_presidio_judges_it(ours, validator, numbers, data):
    """One digit is replaced by each other one, so that right ones come up as well."""
    number = data.draw(numbers)
    recognizer = validator()
    alphabet = string.ascii_uppercase if number[-1].isalpha() else string.digits
    for last in alphabet:
        candidate = number[:-1] + last
        # Presidio lets a repeated digit pass for an NHS number; we do not.
        if len(set(candidate)) > 1:
            right = bool(recognizer.validate_result(candidate))
            assert ours(candidate) == right or (right and ours in STRICTER), candidate


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (checksums.card, "4111 1111 1111 1111", "4111 1111 1111 1112"),
        (checksums.card, "378282246310005", "1234567812345670"),  # Luhn, but no issuer's
        (checksums.iban, "GB82 WEST 1234 5698 7654 32", "GB82 WEST 1234 5698 7654 33"),
        (checksums.steuer_id, "86 095 742 719", "86 095 742 718"),
        (checksums.nir, "2 55 08 14 168 025 38", "2 55 08 14 168 025 39"),
        (checksums.nir, "1 85 05 2A 780 060 22", "1 85 05 2A 780 060 23"),
        (checksums.dni, "12345678Z", "12345678A"),
        (checksums.cpf, "529.982.247-25", "111.111.111-11"),
        (checksums.ahv, "756.9217.0769.85", "756.9217.0769.84"),
        (checksums.bsn, "111222333", "111222334"),
        (checksums.rijksregister, "85.07.30-033.28", "85.07.30-033.29"),
        (checksums.rijksregister, "65.22.02-255.40", "65.22.02-255.41"),  # of a foreigner
        (checksums.pesel, "44051401359", "44131401350"),  # a thirteenth month
        (checksums.personnummer, "811228-9874", "811328-9874"),
        (checksums.personnummer, "701063-2391", "701063-2392"),  # a coordination number
        (checksums.ssn, "536-90-4399", "666-90-4399"),
        (checksums.ipv4, "52.94.236.248", "1.26.4.1"),
        (checksums.ipv4, "93.184.216.34", "192.168.100.200"),
        (checksums.ipv6, "2606:2800:220:1:248:1893:25c8:1946", "2001:db8::1"),
    ],
)
def test_published_examples(check, right, wrong):
    assert (check(right), check(wrong)) == (True, False)


@pytest.mark.parametrize(
    "text", ["127.0.0.1", "0.0.0.0", "10.1.2.3", "203.0.113.7", "8.8.8.8", "999.1.1.1"]
)
def test_an_address_of_no_one_is_not_public(text):
    assert not checksums.public_ipv4(text)
