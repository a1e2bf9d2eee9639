import pytest

from loadtest.experiments.figures import figures
from loadtest.experiments.log import Experiment, Moment, new_id, provenance
from loadtest.experiments.sample import Sample


@pytest.fixture
def experiment():
    """``experiment(ttft_s)``: a run of 200 answers around that TTFT, with its samples."""

    def made(ttft_s: float = 0.1, **fields):
        samples = [
            Sample(1000.0 + n / 10, 5 + n // 20, "chat", "finished", ttft_s * (1 + n % 7 / 10) + 1,
                   ttft_s * (1 + n % 7 / 10), completion_tokens=20)
            for n in range(200)
        ]  # fmt: skip
        fields = {
            "scenario": "spike",
            "note": "",
            "id": new_id(),
            "server": {"model": "tiny"},
            "figures": figures(samples, 20.0),
            "broken": (),
            "timeline": (Moment(0, 5, 0, waiting=2), Moment(20, 15, 200)),
        } | fields
        fields |= provenance() | {name: fields[name] for name in ("when",) if name in fields}
        return Experiment(
            options={"api": "websocket", "note": fields["note"]},
            dataset="d", wall_s=20.0, users=15, slo="failed<1%",
            **fields,
        ), samples  # fmt: skip

    return made
