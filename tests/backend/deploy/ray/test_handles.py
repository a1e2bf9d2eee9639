"""What Ray's errors mean here, and what is asked twice."""

import grpc
import pytest
from ray.exceptions import ActorUnavailableError, RayTaskError
from ray.serve.exceptions import BackPressureError

from backend.deploy.ray.handles import _answered, _translated
from backend.errors import Overloaded, Unavailable, UnknownModel

GONE = ActorUnavailableError("Actor is unavailable.", b"0" * 16)
CHANNEL = RuntimeError("Unexpected error (StatusCode.UNAVAILABLE): Socket closed.")
DEFECT = RayTaskError("stream", "a traceback", ValueError("a bug")).as_instanceof_cause()


class Replicas:
    """A call that fails as often as there are ``errors``, and then is answered."""

    def __init__(self, *errors):
        self.errors = list(errors)

    async def call(self):
        if self.errors:
            raise self.errors.pop(0)
        return "answered"


@pytest.mark.parametrize("error", [GONE, CHANNEL, grpc.RpcError()])
async def test_a_call_whose_replica_died_is_made_once_more(error):
    assert await _answered("rail", Replicas(error).call) == "answered"
    with pytest.raises(Unavailable, match="rail is not answering"):
        await _answered("rail", Replicas(error, error).call)


@pytest.mark.parametrize("error", [Unavailable("no weights"), DEFECT, RuntimeError("other")])
async def test_what_a_living_replica_raises_is_not_asked_again(error):
    replicas = Replicas(error)
    with pytest.raises(type(error)):
        await _answered("rail", replicas.call)
    assert replicas.errors == []


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (GONE, Unavailable),
        (CHANNEL, Unavailable),
        (BackPressureError(num_queued_requests=1, max_queued_requests=1), Overloaded),
        (
            RayTaskError("stream", "", UnknownModel("other")).as_instanceof_cause(),
            UnknownModel,
        ),
        (DEFECT, ValueError),
    ],
)
def test_each_error_of_rays_has_its_meaning(error, ours):
    with pytest.raises(ours), _translated("generator"):
        raise error
