"""JSON-RPC errors: clear to the user, and without this machine's paths."""

import logging

import pytest
from pygls.exceptions import JsonRpcException

from lsp_server import rpc
from lsp_server.client.client import BrokenAnswer, ConnectionLost


def test_an_unexpected_error_hides_its_details_and_logs_them(caplog):
    """The traceback goes to the log, not to the editor."""
    with pytest.raises(JsonRpcException) as raised, rpc.clear_errors():
        raise KeyError("secret detail")
    assert raised.value.code == -32603
    assert "secret detail" not in str(raised.value.message)
    assert raised.value.data is None
    assert "secret detail" in caplog.text


@pytest.mark.parametrize(
    ("error", "code"), [(BrokenAnswer("gap"), "internal"), (ConnectionLost("gone"), "unavailable")]
)
def test_a_session_error_keeps_its_message(error, code):
    """It was written for the user, and becomes RequestFailed."""
    with pytest.raises(JsonRpcException) as raised, rpc.clear_errors():
        raise error
    assert raised.value.code == -32803
    assert raised.value.message == str(error)
    assert raised.value.data == {"code": code}


def test_an_error_made_on_purpose_passes_through():
    """Its code and message were chosen already."""
    error = JsonRpcException("no", code=-32001)
    with pytest.raises(JsonRpcException) as raised, rpc.clear_errors():
        raise error
    assert raised.value is error


def record(error: BaseException | None) -> logging.LogRecord:
    exc_info = (type(error), error, None) if error else None
    return logging.LogRecord("pygls", logging.ERROR, "", 0, "", (), exc_info)


def test_only_errors_made_on_purpose_are_kept_out_of_the_log():
    """pygls logs each with a traceback; a real failure must still be seen."""
    quiet = rpc.QuietExpected()
    assert not quiet.filter(record(JsonRpcException("no")))
    assert quiet.filter(record(KeyError("bug")))
    assert quiet.filter(record(None))
