"""One run, in the process that keeps its figures: its samples, its progress and its result.

It knows nothing about Locust. Only one greenlet or thread may call it at a time.
"""

import gc
import time
from collections import deque
from collections.abc import Iterable

import msgspec

from loadtest.experiments.figures import Figures, Slo, figures
from loadtest.experiments.log import Experiment, Moment, new_id, provenance
from loadtest.experiments.machine import Meter
from loadtest.experiments.sample import Sample
from loadtest.scenarios.options import Options

WINDOW_S = 10.0  # time that the progress line covers


class Run:
    """From ``begin`` to ``experiment``."""

    def __init__(self, options: Options, slo: Slo, server: dict[str, object]) -> None:
        self.options = options
        self.scenario = options.chosen()
        self.slo = slo
        self.samples: list[Sample] = []
        self.ceiling: int | None = None
        self._server = server
        self._recent: deque[Sample] = deque()
        self._timeline: list[Moment] = []
        self._step = 0
        self._began = self._began_at = 0.0
        self._wall_s = 0.0
        self._meter = Meter()

    def begin(self) -> None:
        # The libraries' objects stay until the end. Garbage collection that looked through them
        # would hold up every user's clock.
        gc.collect()
        gc.freeze()
        self._began, self._began_at = time.perf_counter(), time.time()
        self._meter = Meter()

    @property
    def elapsed_s(self) -> float:
        return time.perf_counter() - self._began

    def add(self, samples: Iterable[Sample]) -> None:
        for sample in samples:
            self.samples.append(sample)
            self._recent.append(sample)

    @property
    def left_s(self) -> float:
        """Seconds until nothing more is asked."""
        if self.ceiling is not None:
            return 0.0  # users ask until this says so, and the SLO is broken
        return max(0.0, self.scenario.duration_s - self.elapsed_s)

    def users_now(self) -> int | None:
        """How many users there should be now, or None once the run is over.

        If users are added step by step, the run ends with the first step that breaks the SLO, and
        the step before it is the ceiling.
        """
        elapsed = self.elapsed_s
        step = int(elapsed / self.scenario.step_s)
        if self.scenario.step_users and step > self._step:
            since = self._began_at + self._step * self.scenario.step_s
            measured = figures([each for each in self.samples if each.at >= since],
                               self.scenario.step_s, self.slo)  # fmt: skip
            if self.slo.broken(measured):
                self.ceiling = self._step * self.scenario.step_users
                return None
            self._step = step
        return self.scenario.users_at(elapsed)

    def note(self, moment: Moment) -> None:
        self._timeline.append(moment)

    def end(self) -> None:
        """The run ended with its last answer. Nothing is served while users merely leave."""
        last = max((each.at + each.total_s for each in self.samples), default=time.time())
        self._wall_s = last - self._began_at

    def progress(self) -> str:
        """One line about the last seconds."""
        now = time.time()
        while self._recent and self._recent[0].at + self._recent[0].total_s < now - WINDOW_S:
            self._recent.popleft()
        window = figures(self._recent, min(WINDOW_S, self.elapsed_s), self.slo)
        last = self._timeline[-1] if self._timeline else Moment(0, 0, 0)
        waiting = "" if last.waiting is None else f", {last.waiting:.0f} wait"
        return (
            f"{self.elapsed_s:5.0f} s  {last.users} users  {len(self.samples)} answers{waiting}  "
            f"TTFT p50 {window['ttft_p50']:,.0f} p95 {window['ttft_p95']:,.0f} ms  "
            f"{window['tokens_per_s']:,.0f} tokens/s  shed {100 * window['shed']:.0f} %  "
            f"failed {100 * window['failed']:.0f} %"
        )

    def experiment(self) -> Experiment:
        """After ``end``."""
        measured = figures(self.samples, self._wall_s, self.slo)
        # The token is a secret between user and server.
        said = msgspec.to_builtins(self.options) | {"token": ""}
        return Experiment(
            id=new_id(),
            scenario=self.scenario.name,
            options=said,
            server=self._server,
            dataset=next((each.dataset for each in self.samples if each.dataset), ""),
            wall_s=round(self._wall_s, 3),
            users=max((moment.users for moment in self._timeline), default=self.scenario.users),
            figures=measured,
            slo=self.slo.text,
            broken=tuple(self.slo.broken(measured)),
            ceiling=self.ceiling,
            cost=self._cost(measured),
            timeline=tuple(self._timeline),
            note=self.options.note,
            **provenance(),
        )

    def _cost(self, measured: Figures) -> dict[str, float]:
        """What everything that serves cost during the run, busy or idle."""
        answers = max(measured["answers_per_s"] * self._wall_s, 1e-9)
        options = self.options
        cost = {}
        if options.gpus:
            cost["gpu_s_per_answer"] = options.gpus * self._wall_s / answers
        if options.server_pid:
            cost["cpu_s_per_answer"] = self._meter.tree_s(options.server_pid) / answers
        if options.price_per_hour:
            cost["per_1000_answers"] = options.price_per_hour * self._wall_s / 3.6 / answers
        return {name: round(value, 6) for name, value in cost.items()}
