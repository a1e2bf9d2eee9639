"""The questions that benchmarks ask. Pure."""

import itertools
from collections.abc import Iterator

INDEXED = "package:numpy.fft"
# Each finds different passages in the index of ``INDEXED``.
TOPICS = (
    "How do I run an FFT on my data?",
    "How do I compute the inverse FFT of a real signal?",
    "Which frequencies belong to the bins of an FFT?",
    "How do I move the zero frequency to the centre of a spectrum?",
    "How do I undo fftshift for an odd length?",
    "What does norm='ortho' change?",
    "How do I transform the rows of a two-dimensional array?",
    "How do I transform an image and back?",
    "What is the shape of what rfft returns?",
    "How do I get a real signal of odd length back from irfft?",
    "Which function takes a signal with Hermitian symmetry?",
    "How do I transform over three axes at once?",
    "Does numpy.fft pad my signal with zeros, and where?",
    "What happens to the imaginary part in irfft?",
    "Which sign does the exponent of the forward transform have?",
    "How are negative frequencies ordered in the output?",
    "Can I write the result of fft into an array of mine?",
    "How do I compute sample frequencies for rfft?",
    "What is the difference between fft2 and fftn?",
    "Which type does fft return for float32 input?",
    "How do I crop a spectrum before transforming it back?",
    "Why is the result of ifft complex, and how do I make it real?",
    "How is the discrete Fourier transform defined here?",
    "What does ihfft return for an even number of points?",
)


def unique(serial: Iterator[int], count: int) -> list[str]:
    """Questions whose first words differ, so that a prefix cache never helps."""
    return list(itertools.islice(endless(serial), count))


def endless(serial: Iterator[int]) -> Iterator[str]:
    """One such question for each number."""
    for n in serial:
        yield f"{n} samples of a real signal: which function of numpy.fft gives me its spectrum?"


def about(number: int) -> str:
    """One such question, always the same for a number."""
    return next(endless(itertools.count(1000 + number)))
