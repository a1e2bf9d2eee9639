"""Locust's users, shape and events. Every process of a run loads this file.

    locust -f loadtest/scenarios/locustfile.py --host http://127.0.0.1:8765 --scenario spike

Samples are made in the processes that have the users. In a distributed run the workers send them to
the master, which keeps the figures; otherwise one process does both.
"""

import random
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import gevent
import msgspec
from locust import LoadTestShape, User, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import MasterRunner, WorkerRunner

# Locust puts the current folder first on the path, and that folder may also have a `backend`.
sys.path.insert(0, str(Path(__file__).parents[2]))

from indexer.screening.terminal import line, printable
from loadtest.experiments.figures import Slo, table
from loadtest.experiments.log import Moment, keep
from loadtest.experiments.sample import Sample
from loadtest.experiments.verdict import sentence, unfit
from loadtest.scenarios.catalogue import SCENARIOS
from loadtest.scenarios.clients import PATIENCE_S, Client, connector
from loadtest.scenarios.options import Options
from loadtest.scenarios.run import Run
from loadtest.scenarios.server import Server
from loadtest.scenarios.workload import Conversation, Turn, Workload

_SAY_S = 5.0
_LOOK_S = 1.0
_REST_S = 5.0  # between two looks at an idle connection; servers ping three times as seldom
_POLL_S = 0.1
_SAMPLE = "glossator_sample"  # a message from a worker to its master, with one sample
_EXIT_SLO = 3  # as documented for `glossator loadtest --slo`


class Site:
    """What one process of a run has: its options, how to connect, and where samples go."""

    def __init__(self, environment: Environment) -> None:
        self.options = _options(environment)
        self.scenario = self.options.chosen()
        self.environment = environment
        host = environment.host or "http://127.0.0.1:8765"
        self.server = Server(host, self.options.token)
        # Only the process that keeps the figures asks the server about itself.
        worker = isinstance(environment.runner, WorkerRunner)
        about = {} if worker else self.server.about()
        model = self.options.model or str(about.get("model", ""))
        self.connect = connector(self.options.api, host, model, self.options.token)
        self.keeps = not worker
        self.run = Run(self.options, Slo.parse(self.options.slo), about)
        self.workload = Workload(seed=self.options.seed)
        pause_s = self.workload.mean_think_s() * self.options.think
        self.rate_per_user = self.options.rate / self.scenario.users or 1 / max(pause_s, 1e-3)
        self.serial = count()
        self.ticker: gevent.Greenlet | None = None

    def take(self, sample: Sample) -> None:
        runner = self.environment.runner
        if isinstance(runner, WorkerRunner):
            runner.send_message(_SAMPLE, msgspec.to_builtins(sample))
        else:
            self.run.add([sample])
        problem = None if sample.outcome == "finished" else RuntimeError(sample.code)
        for name, seconds in (("TTFT", sample.ttft_s), ("E2E", sample.total_s)):
            if seconds and (name == "E2E" or problem is None):
                self.environment.events.request.fire(
                    request_type=sample.kind,
                    name=name,
                    response_time=1000 * seconds,
                    response_length=sample.completion_tokens,
                    exception=problem,
                    context={},
                )


def site_of(environment: Environment) -> Site:
    site: Site = environment.glossator_site  # type: ignore[attr-defined]
    return site


class Developer(User):
    """A developer with an editor: one connection, conversations, pauses between questions."""

    def on_start(self) -> None:
        if self.environment.glossator_site is None:
            raise StopUser
        self.site = site_of(self.environment)
        serial = next(self.site.serial)
        runner = self.environment.runner
        index = runner.worker_index if isinstance(runner, WorkerRunner) else 0
        self.number = index * 100_000 + serial
        self.draw = random.Random(f"{self.site.options.seed}:{self.number}")
        self.conversations = self.site.workload.conversations(self.number)
        self.idle: list[Client] = []
        self.pending: set[gevent.Greenlet] = set()
        self.asked = count()

    def on_stop(self) -> None:
        gevent.joinall(self.pending, timeout=PATIENCE_S)
        for client in self.idle:
            client.close()

    @task
    def live(self) -> None:
        if self.site.scenario.arrivals == "poisson":
            self._arrive()
        else:
            self._converse()

    def _converse(self) -> None:
        conversation = next(self.conversations)
        for turn in conversation.turns:
            pause = turn.think_s * self.site.options.think
            self._think(min(pause, self.site.run.left_s))
            if not self.site.run.left_s:
                raise StopUser  # asks nothing more, but answers under way may end
            self._ask(conversation, turn)

    def _think(self, pause_s: float) -> None:
        while pause_s > 0 and self.site.run.left_s:
            gevent.sleep(min(pause_s, _REST_S))
            pause_s -= _REST_S
            for client in self.idle:
                client.rest()

    def _arrive(self) -> None:
        """Asks at random. Poisson processes add up, so all users together ask ``rate`` a second.

        A question does not wait for the one before it. Each has a separate connection.
        """
        gap = self.draw.expovariate(self.site.rate_per_user)
        gevent.sleep(min(gap, self.site.run.left_s))
        if not self.site.run.left_s:
            raise StopUser
        conversation = next(self.conversations)
        asking = gevent.spawn(self._ask, conversation, conversation.turns[0])
        self.pending.add(asking)
        asking.rawlink(self.pending.discard)

    def _ask(self, conversation: Conversation, turn: Turn) -> None:
        options = self.site.options
        client = self.idle.pop() if self.idle else self.site.connect()
        ask = conversation.ask(
            turn,
            f"load-{self.number}-{next(self.asked)}-{time.time_ns():x}",
            () if options.bare else None,
        )
        users = self.site.scenario.users_at(self.site.run.elapsed_s) or self.site.scenario.users
        sample, answer = client.ask(ask, conversation.messages(turn), users)
        self.idle.append(client)
        conversation.heard(turn, answer)
        self.site.take(sample)


class Shape(LoadTestShape):
    """As many users as the scenario says."""

    use_common_options: ClassVar[bool] = False

    def tick(self) -> tuple[int, float] | None:
        assert self.runner is not None
        environment = self.runner.environment
        if not hasattr(environment, "glossator_site"):
            return (1, 1)  # the first user is what makes Locust fire ``test_start``
        site = environment.glossator_site
        users = site.run.users_now() if site else None
        if users is None:
            # Nothing more is asked, but ending now would lose the answers that are under way.
            with gevent.Timeout(PATIENCE_S, False):
                while self.runner.user_count:
                    gevent.sleep(_POLL_S)
        return None if users is None else (users, max(users, 1))


@events.init_command_line_parser.add_listener
def _add_options(parser: LocustArgumentParser) -> None:
    defaults = Options()
    add = parser.add_argument
    add("--scenario", choices=list(SCENARIOS), default=defaults.scenario, help="the load")
    add("--api", choices=["websocket", "openai"], default=defaults.api, help="API to use")
    add("--model", default="", help="model to ask for, of a server that has several")
    add("--scenario-users", dest="users", type=int, default=0, help="override its users")
    add("--seconds", dest="duration_s", type=float, default=0.0, help="override its length")
    add("--arrivals", choices=["", "closed", "poisson"], default="", help="how questions arrive")
    add("--rate", type=float, default=0.0, help="questions per second of an open loop")
    add("--seed", type=int, default=defaults.seed, help="seed of everything random")
    add("--think", type=float, default=1.0, help="factor on the pauses between questions")
    add("--bare", action="store_true", help="ask without retrieval")
    add("--slo", default=defaults.slo, help="SLO, such as ttft_p95<500ms,failed<1%%")
    add("--log", default=defaults.log, help="folder of the experiment log")
    add("--note", default="", help="a remark for the log")
    add("--token", default="", env_var="GLOSSATOR_TOKEN", is_secret=True, help="API token")
    add(
        "--gpus",
        type=float,
        default=0.0,
        help="number of GPUs that serve, for the cost of an answer",
    )
    add(
        "--price-per-hour",
        type=float,
        default=0.0,
        help="price of everything that serves, for the cost of an answer",
    )
    add("--server-pid", type=int, default=0, help="server on this machine, to count its CPU time")


def _options(environment: Environment) -> Options:
    said = vars(environment.parsed_options)
    return msgspec.convert(
        {name: said[name] for name in Options.__struct_fields__}, Options, strict=False
    )


@events.test_start.add_listener
def _start(environment: Environment, **_: Any) -> None:
    try:
        site = Site(environment)
    except (ConnectionError, ValueError) as error:
        print(line(f"Error: {error}"), file=sys.stderr)
        environment.process_exit_code = 1
        environment.glossator_site = None  # type: ignore[attr-defined]
        return
    environment.glossator_site = site  # type: ignore[attr-defined]
    site.run.begin()
    if site.keeps:
        scenario = site.scenario
        print(f"{scenario.name}: {scenario.meaning}. {scenario.users} users, {scenario.arrivals}, "
              f"{scenario.duration_s:.0f} s", file=sys.stderr)  # fmt: skip
        site.ticker = gevent.spawn(_watch, site)


def _watch(site: Site) -> None:
    """Notes the state of the run every second, and prints it every few seconds."""
    said = 0.0
    while True:
        runner = site.environment.runner
        users = runner.user_count if runner else 0
        at = round(site.run.elapsed_s, 2)
        site.run.note(Moment(at, users, len(site.run.samples), **site.server.gauges()))
        if at - said >= _SAY_S:
            said = at
            print(printable(site.run.progress()), file=sys.stderr)
        gevent.sleep(_LOOK_S)


@events.init.add_listener
def _join(environment: Environment, runner: Any, **_: Any) -> None:
    def received(environment: Environment, msg: Any, **_: Any) -> None:
        site_of(environment).run.add([msgspec.convert(msg.data, Sample)])

    if isinstance(runner, MasterRunner):
        runner.register_message(_SAMPLE, received)


@events.test_stop.add_listener
def _stop(environment: Environment, **_: Any) -> None:
    site = getattr(environment, "glossator_site", None)
    if site is None or not site.keeps:
        return
    site.run.end()
    if site.ticker is not None:
        site.ticker.kill()
    experiment = site.run.experiment()
    try:
        path = keep(Path(site.options.log), experiment, site.run.samples)
    except OSError as error:
        print(line(f"Error: the experiment could not be kept: {error}"), file=sys.stderr)
        environment.process_exit_code = 1
        path = None
    print(line(sentence(experiment, site.run.samples)), end="\n\n")
    print(table(experiment.figures))
    if experiment.ceiling is not None:
        print(f"\nCeiling: {experiment.ceiling} users within {experiment.slo}")
    for name, value in experiment.cost.items():
        print(f"{name.replace('_', ' ')}: {value:,.4f}")
    if path:
        print(f"\nKept as {experiment.id} in {site.options.log}", file=sys.stderr)
    problem = unfit(site.run.samples)
    if problem:
        print(line(f"Failed: {problem}"), file=sys.stderr)
        environment.process_exit_code = environment.process_exit_code or _EXIT_SLO
    elif experiment.broken and experiment.ceiling is None:
        print(line(f"SLO broken: {'; '.join(experiment.broken)}"), file=sys.stderr)
        environment.process_exit_code = environment.process_exit_code or _EXIT_SLO
