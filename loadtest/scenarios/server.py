"""What a server under load says about itself over HTTP, whether ours or another. Blocking."""

import contextlib
from typing import Any

import requests
from prometheus_client.parser import text_string_to_metric_families

from lsp_server.client.bearer import refusal
from lsp_server.client.dial import untrusted

# Gauges by their meaning, ours first. A server that has none of them is measured without.
_GAUGES = {
    "running": ("glossator_requests_running", "vllm:num_requests_running"),
    "waiting": ("glossator_requests_waiting", "vllm:num_requests_waiting"),
    "replicas": ("glossator_generator_replicas",),
}
_TIMEOUT_S = 5.0


class Server:
    """``url`` has no path. ``token`` is for servers that require one."""

    def __init__(self, url: str, token: str = "") -> None:
        """Raises ``ConnectionError`` if a token may not be sent to that address."""
        if why_not := refusal(url, token):
            raise ConnectionError(why_not)
        self._url = url.rstrip("/")
        self._session = requests.Session()
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def about(self) -> dict[str, Any]:
        """Model, engine settings and hardware, if it tells them. Raises ``ConnectionError``."""
        try:
            answer = self._session.get(f"{self._url}/v1/about", timeout=_TIMEOUT_S)
            if answer.status_code == 200:
                return dict(answer.json())
            models = self._session.get(f"{self._url}/v1/models", timeout=_TIMEOUT_S).json()
            return {"model": models["data"][0]["id"]}
        except requests.exceptions.SSLError as error:
            raise ConnectionError(untrusted(self._url, error)) from error
        except requests.ConnectionError as error:
            raise ConnectionError(
                f"Nothing answers at {self._url}. Start it (glossator serve), or name it: --url"
            ) from error
        except (
            requests.exceptions.InvalidURL,
            requests.exceptions.InvalidSchema,
            requests.exceptions.MissingSchema,
        ) as error:
            raise ConnectionError(
                f"{self._url!r} is not the address of a server; one looks like "
                "http://127.0.0.1:8765"
            ) from error
        except requests.Timeout as error:
            raise ConnectionError(
                f"{self._url} did not answer in {_TIMEOUT_S:g} s. Is the address right?"
            ) from error
        except (requests.RequestException, ValueError, KeyError, IndexError, TypeError):
            return {}

    def gauges(self) -> dict[str, float]:
        """``running``, ``waiting`` and ``replicas``, as far as it has them. Never raises."""
        try:
            text = self._session.get(f"{self._url}/metrics", timeout=_TIMEOUT_S).text
            values = _values(text)
        except (requests.RequestException, ValueError):
            return {}
        found = {}
        for name, candidates in _GAUGES.items():
            with contextlib.suppress(StopIteration):
                found[name] = next(values[each] for each in candidates if each in values)
        return found


def _values(text: str) -> dict[str, float]:
    """The values by name, added up over labels."""
    values: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            values[sample.name] = values.get(sample.name, 0.0) + sample.value
    return values
