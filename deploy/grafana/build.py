"""The Grafana dashboards as code: `python deploy/grafana/build.py` writes ``dashboards/*.json``.

Typed by Grafana's own Foundation SDK, which knows the dashboards' schema.
"""

from pathlib import Path

from grafana_foundation_sdk.builders.common import VizLegendOptions
from grafana_foundation_sdk.builders.dashboard import Dashboard, DatasourceVariable
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.timeseries import Panel
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement
from grafana_foundation_sdk.models.dashboard import DataSourceRef

FOLDER = Path(__file__).parent / "dashboards"
_SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
Queries = dict[str, str]  # expressions by legend


def _quantiles(metric: str, by: str = "") -> Queries:
    labels = f"le, {by}" if by else "le"
    legend = f"{{{{{by}}}}} " if by else ""
    return {
        f"{legend}p{100 * share:.0f}": f"histogram_quantile({share}, sum by ({labels}) "
        f"(rate({metric}_bucket[$__rate_interval])))"
        for share in (0.5, 0.95, 0.99)
    }


def _rate(metric: str, by: str = "") -> str:
    return f"sum{f' by ({by})' if by else ''} (rate({metric}[$__rate_interval]))"


# By dashboard: its title, and its panels as (title, unit, queries).
DASHBOARDS: dict[str, tuple[str, list[tuple[str, str, Queries]]]] = {
    "slo": (
        "Glossator: what users see",
        [
            ("Time to first token", "s", _quantiles("glossator_ttft_seconds", "kind")),
            ("Whole answer", "s", _quantiles("glossator_e2e_seconds", "kind")),
            ("Requests", "reqps", {"{{kind}} {{outcome}}": _rate("glossator_requests_total", "kind, outcome")}),
            ("Turned away", "reqps", {"{{kind}} {{reason}}": _rate("glossator_turned_away_total", "kind, reason")}),
            ("Tokens generated", "short", {"tokens/s": _rate("glossator_completion_tokens_total")}),
            ("Answers that went on elsewhere", "reqps", {"failovers": _rate("glossator_failovers_total")}),
        ],
    ),
    "capacity": (
        "Glossator: capacity",
        [
            ("Requests", "short", {
                "running": "sum(glossator_requests_running)",
                "waiting": "sum(glossator_requests_waiting)",
                "places": "sum(glossator_places)",
            }),
            ("Tokens", "short", {
                "running": "sum(glossator_tokens_running)",
                "{{kind}} waiting": "sum by (kind) (glossator_tokens_waiting)",
            }),
            ("Predicted wait", "s", {"{{kind}}": "max by (kind) (glossator_predicted_wait_seconds)"}),
            ("Time in the waiting room", "s", _quantiles("glossator_queue_seconds", "kind")),
            ("KV cache in use, by engine", "percentunit", {"{{instance}} {{ReplicaId}}": "vllm:kv_cache_usage_perc"}),
            ("Prompt tokens found in the prefix cache", "percentunit", {
                "share": f"{_rate('glossator_cached_tokens_total')} / {_rate('glossator_prompt_tokens_total')}",
            }),
            ("Worked off", "short", {"tokens/s": "sum(glossator_drain_tokens_per_second)"}),
            ("Websockets", "short", {"{{instance}}": "glossator_sessions"}),
        ],
    ),
    "engine": (
        "Glossator: engines and Ray Serve",
        [
            ("Requests in vLLM", "short", {
                "running": "sum(vllm:num_requests_running)",
                "waiting": "sum(vllm:num_requests_waiting)",
            }),
            ("vLLM's time to first token", "s", _quantiles("vllm:time_to_first_token_seconds")),
            ("vLLM's time in queue", "s", _quantiles("vllm:request_queue_time_seconds")),
            ("vLLM's prefill", "s", _quantiles("vllm:request_prefill_time_seconds")),
            ("Between two tokens", "s", _quantiles("vllm:inter_token_latency_seconds")),
            ("Tokens", "short", {
                "prompt": _rate("vllm:prompt_tokens_total"),
                "generated": _rate("vllm:generation_tokens_total"),
            }),
            ("Calls under way, by deployment", "short", {
                "{{deployment}}": "sum by (deployment) (ray_serve_replica_processing_queries)",
            }),
            ("Calls, by deployment", "ms", _quantiles("ray_serve_deployment_processing_latency_ms", "deployment")),
        ],
    ),
    "rails": (
        "Glossator: guardrails",
        [
            ("Verdicts", "reqps", {"{{rail}} {{action}}": _rate("glossator_rail_verdicts_total", "rail, action")}),
            ("Failed or late", "reqps", {
                "{{rail}} {{action}}": 'sum by (rail, action) (rate(glossator_rail_verdicts_total{action=~"failed|late"}[$__rate_interval]))',
            }),
            ("Each rail", "s", _quantiles("glossator_rail_seconds", "rail")),
            ("All rails of a question", "s", _quantiles("glossator_rails_seconds")),
        ],
    ),
    "retrieval": (
        "Glossator: retrieval",
        [
            ("Embedding and search", "s", _quantiles("glossator_retrieval_seconds")),
            ("Prompt tokens per request", "short", {
                "mean": f"{_rate('glossator_prompt_tokens_total')} / {_rate('glossator_requests_total')}",
            }),
        ],
    ),
}  # fmt: skip


def dashboard(name: str) -> str:
    """The JSON of one dashboard."""
    title, panels = DASHBOARDS[name]
    board = (
        Dashboard(title)
        .uid(f"glossator-{name}")
        .tags(["glossator"])
        .refresh("10s")
        .time("now-1h", "now")
        .with_variable(DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    for heading, unit, queries in panels:
        panel = (
            Panel()
            .title(heading)
            .unit(unit)
            .min(0)
            .height(8)
            .span(12)
            .datasource(_SOURCE)
            .legend(
                VizLegendOptions()
                .show_legend(True)
                .display_mode(LegendDisplayMode.LIST)
                .placement(LegendPlacement.BOTTOM)
            )
        )
        for legend, expression in queries.items():
            panel = panel.with_target(
                Dataquery().expr(expression).legend_format(legend).datasource(_SOURCE)
            )
        board = board.with_panel(panel)
    return JSONEncoder(sort_keys=True, indent=1).encode(board.build()) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in DASHBOARDS:
        (FOLDER / f"{each}.json").write_text(dashboard(each))
