"""Rails: what each one looks for, and what happens with what it finds."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from backend.settings.kinds import Milliseconds, Size, doc

Action = Literal["off", "allow", "warn", "redact", "block"]
_ACTIONS = (
    "`off`: the rail does not run. `allow`: findings are only logged and counted. `warn`: the user "
    "is told. `redact`: findings are replaced before the model sees them. `block`: no answer."
)
_ON_FAILURE = "What to do when the rail fails or is late: `block` fails closed, `allow` open."


class SecretsRail(Struct, frozen=True, forbid_unknown_fields=True):
    """Keys, tokens, private keys, connection strings and high-entropy assignments."""

    action: Annotated[Action, doc(_ACTIONS)] = "redact"
    on_failure: Annotated[Literal["allow", "block"], doc(_ON_FAILURE)] = "block"
    budget_ms: Annotated[Milliseconds, doc("A check that takes longer has failed.")] = 500.0


class PiiRail(Struct, frozen=True, forbid_unknown_fields=True):
    """E-mail, phone, card and account numbers, addresses, national ids (presidio)."""

    action: Annotated[Action, doc(_ACTIONS)] = "redact"
    on_failure: Annotated[Literal["allow", "block"], doc(_ON_FAILURE)] = "block"
    budget_ms: Annotated[Milliseconds, doc("A check that takes longer has failed.")] = 2000.0
    names: Annotated[
        Literal["none", "spacy", "transformers"],
        doc("Which kind of model looks for names and places too, if any."),
    ] = "none"
    model: Annotated[str, doc("That model: a folder or a name; see docs/guardrails.md.")] = ""
    device: Annotated[
        str, doc("Device of that model: cpu, cuda, cuda:1; auto: a GPU if there is one.")
    ] = "cpu"


class ToxicityRail(Struct, frozen=True, forbid_unknown_fields=True):
    """Insults, threats and the like, in questions and in answers as they stream (detoxify)."""

    action: Annotated[Action, doc(_ACTIONS)] = "block"
    on_failure: Annotated[Literal["allow", "block"], doc(_ON_FAILURE)] = "allow"
    budget_ms: Annotated[Milliseconds, doc("A check that takes longer has failed.")] = 2000.0
    model: Annotated[
        str,
        doc(
            "Detoxify checkpoint file, or `original`, `unbiased` or `multilingual` to download "
            "one. Without weights and without a network the rail is degraded."
        ),
    ] = "original"
    model_config: Annotated[
        str, doc("Folder with the tokenizer and configuration for a checkpoint file.")
    ] = ""
    threshold: Annotated[
        Annotated[float, Meta(gt=0, lt=1)], doc("A text with at least this score is toxic.")
    ] = 0.7
    device: Annotated[
        str, doc("Device of the model: cpu, cuda, cuda:1; auto: a GPU if there is one.")
    ] = "cpu"


class TopicRail(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a question is about what is indexed, by what searching for it found."""

    action: Annotated[Action, doc(_ACTIONS)] = "warn"
    on_failure: Annotated[Literal["allow", "block"], doc(_ON_FAILURE)] = "allow"
    threshold: Annotated[
        float, doc("A question is off topic if its cosine to the nearest chunk is below this.")
    ] = 0.30
    answerable: Annotated[
        Annotated[float, Meta(ge=0, le=1)],
        doc(
            "A question is off topic, too, if the probability that something indexed answers it is "
            "below this. 0: only the cosine counts."
        ),
    ] = 0.01
    allow: Annotated[
        tuple[str, ...], doc("Subjects that are always on topic, as short phrases.")
    ] = ()
    deny: Annotated[tuple[str, ...], doc("Subjects that are never answered.")] = ()
    subject_threshold: Annotated[
        float, doc("A question is about a subject if its cosine to it is at least this.")
    ] = 0.5


class InjectionRail(Struct, frozen=True, forbid_unknown_fields=True):
    """Text that tries to instruct the model: in questions, code and retrieved passages."""

    action: Annotated[Action, doc(_ACTIONS)] = "block"
    on_failure: Annotated[Literal["allow", "block"], doc(_ON_FAILURE)] = "allow"
    budget_ms: Annotated[Milliseconds, doc("A check that takes longer has failed.")] = 500.0
    passages: Annotated[
        Literal["keep", "neutralize", "drop"],
        doc("What to do with a retrieved passage that tries to instruct the model."),
    ] = "neutralize"


class Rails(Struct, frozen=True, forbid_unknown_fields=True):
    """Guardrails on questions, passages and answers."""

    secrets: SecretsRail = SecretsRail()
    pii: PiiRail = PiiRail()
    toxicity: ToxicityRail = ToxicityRail()
    topic: TopicRail = TopicRail()
    injection: InjectionRail = InjectionRail()


class Tenant(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of one tenant. The table has the tenant's name: `[tenants.acme]`."""

    rails: Annotated[
        dict[Literal["secrets", "pii", "toxicity", "topic", "injection"], Action],
        doc('Actions that differ from those under `[rails]`: `{pii = "block"}`.'),
    ] = {}
    sources: Annotated[
        tuple[str, ...] | None,
        doc("Sources that may answer the tenant's questions; null: all of them."),
    ] = None
    requests_per_minute: Annotated[
        Size | None, doc("As in `[quotas]`, for each of the tenant's users; null: what is there.")
    ] = None
    tokens_per_day: Annotated[
        Size | None, doc("As in `[quotas]`, for each of the tenant's users; null: what is there.")
    ] = None
