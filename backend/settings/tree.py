"""All sections of the settings, in the order of the reference."""

from msgspec import Struct

from backend.settings.access import Auth, Quotas
from backend.settings.autoscaling import Autoscaling
from backend.settings.engine import Vllm
from backend.settings.generation import Generation
from backend.settings.observability import Observability
from backend.settings.profile import Profile
from backend.settings.rails import Rails, Tenant
from backend.settings.retrieval import Retrieval
from backend.settings.server import Server
from backend.settings.serving import Admission, Ray
from backend.settings.sources import SourceSettings


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    profile: Profile = Profile()
    server: Server = Server()
    auth: Auth = Auth()
    quotas: Quotas = Quotas()
    generation: Generation = Generation()
    vllm: Vllm = Vllm()
    retrieval: Retrieval = Retrieval()
    admission: Admission = Admission()
    rails: Rails = Rails()
    tenants: dict[str, Tenant] = {}
    sources: dict[str, SourceSettings] = {}
    ray: Ray = Ray()
    autoscaling: Autoscaling = Autoscaling()
    observability: Observability = Observability()
