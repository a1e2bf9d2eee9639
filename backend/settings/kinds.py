"""The types of settings. ``doc`` attaches the sentence that the reference prints."""

from typing import Annotated

from msgspec import Meta

Port = Annotated[int, Meta(ge=0, le=65535)]
Count = Annotated[int, Meta(ge=1)]
Size = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0)]
Days = Annotated[float, Meta(ge=0, le=36_500)]
Milliseconds = Annotated[float, Meta(ge=0)]
Amount = Annotated[float, Meta(ge=0)]  # of CPUs, of GPUs
Part = Annotated[float, Meta(ge=0, lt=1)]
Share = Annotated[float, Meta(gt=0, le=1)]
Weight = Annotated[float, Meta(gt=0)]


def doc(text: str) -> Meta:
    """What a setting means, in one sentence."""
    return Meta(description=text)
