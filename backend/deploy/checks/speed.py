"""Whether this machine reads a prompt in the time that the settings allow.

Reading a prompt is arithmetic: two operations for each parameter and token. So a second of
multiplying tells, before a model is loaded, whether answers could begin in time.
"""

from backend.answering.pace import least_reading_s
from backend.deploy.checks.finding import Finding, ok, unchecked, warning
from backend.deploy.checks.machine import ENGINES
from backend.deploy.checks.weights import weights
from backend.device import device, operations_s
from backend.generators.choose import Choice
from backend.generators.vllm.dtype import cpu_abilities, dtype
from backend.settings import Settings

_HELP = (
    "Let an upstream such as llama.cpp or Ollama answer ([generation] upstream), serve on a "
    "machine with a GPU, take a smaller model, or raise [generation] read_s."
)


def speed(choice: Choice, settings: Settings) -> Finding:
    """Takes a second where the processor runs the model, and nothing elsewhere."""
    if choice.engine not in ENGINES:
        return ok("speed", "No model runs on this machine.")
    if device("auto") != "cpu":
        return ok("speed", "A GPU reads the prompts.")
    parameters = weights(choice.model).parameters
    if not parameters:
        return unchecked("speed", "The weights are not here, so nobody knows how large they are.")
    wanted, _ = dtype(settings.vllm.dtype, on_cpu=True, abilities=cpu_abilities())
    operations = operations_s(wanted, settings.vllm.cpu_threads)
    return judged(operations / (2 * parameters), settings.generation.read_s)


def judged(tokens_s: float, read_s: float) -> Finding:
    """``read_s`` is how long a prompt may be read; 0 for any time."""
    takes = least_reading_s(tokens_s)
    said = f"About {tokens_s:.0f} tokens of a prompt are read in a second, so an answer begins"
    if read_s and takes > read_s:
        return warning(
            "speed",
            f"{said} after {takes:.0f} s at best, and [generation] read_s allows {read_s:g} s.",
            _HELP,
        )
    return ok("speed", f"{said} after {takes:.1f} s at best.")
