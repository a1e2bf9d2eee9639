"""The variables that Ray and Serve read when they are imported, and that their actors inherit."""

from pathlib import Path

from backend.deploy.addresses import free_port


def tuned(folder: Path) -> dict[str, str]:
    """Serve at its fastest, whatever it serves; ``folder`` is for its sockets.

    They put HAProxy in front, and leave out extra threads and hops inside (ray-project/ray, "Serve
    performance tuning"). With their own ports and sockets, two clusters can run on one machine.
    """
    return {
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(folder / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(folder / "admin.sock"),
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(folder / "metrics.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(folder),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(folder / "server-state"),
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(free_port()),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(free_port()),
        # Ray's handler for SIGTERM prints a stack and ends the process before we can clean up.
        "RAY_DISABLE_FAILURE_SIGNAL_HANDLER": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        # Ray runs its workers as background jobs, at niceness 15, but users wait for ours.
        "RAY_worker_niceness": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    }


def served(folder: Path, drain_s: float) -> dict[str, str]:
    """Those of our own deployments, which know more about what they serve."""
    return tuned(folder) | {
        # How long a gateway believes what it knows about a replica's queue. To ask again would
        # cost the first question after a silence a round trip, and a full replica says so anyway.
        "RAY_SERVE_QUEUE_LENGTH_CACHE_TIMEOUT_S": "3600",
        # By default the controller looks at everything ten times a second: a twentieth of a core.
        "RAY_SERVE_CONTROL_LOOP_INTERVAL_S": "0.5",
        # Nobody scrapes as often as each replica counts by default (ten times a second), or as
        # Ray's agent looks at every process of the machine (every five seconds).
        "RAY_SERVE_METRICS_EXPORT_INTERVAL_MS": "1000",
        "REPORTER_UPDATE_INTERVAL_MS": "15000",
        # Ray looks for new log files ten times a second, unless there are more files than this.
        "RAY_LOG_MONITOR_MANY_FILES_THRESHOLD": "0",
        "LOG_NAME_UPDATE_INTERVAL_S": "10",
        # After this time, Serve's HTTP server closes every websocket, even one in use.
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": str(drain_s),
        # An interrupted deployment would start another cluster, to ask it about itself.
        "RAY_ENABLE_AUTO_CONNECT": "0",
    }
