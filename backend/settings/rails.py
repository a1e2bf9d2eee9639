"""Guardrails: what each looks for, and what then happens."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from backend.settings.kinds import Milliseconds, doc

Action = Literal["off", "allow", "warn", "redact", "block"]
_ACTIONS = (
    "`off`: not run. `allow`: logged and counted only. `warn`: the user is told. `redact`: "
    "replaced before the model sees it. `block`: not answered."
)
_ON_FAILURE = "When the rail raises or is late: `block` fails closed, `allow` fails open."


class SecretsRail(Struct, frozen=True, forbid_unknown_fields=True):
    """Keys, tokens, private keys, connection strings and high-entropy assignments."""

    action: Annotated[Action, doc(_ACTIONS)] = "redact"
    on_failure: Annotated[Literal["allow", "block"], doc(_ON_FAILURE)] = "block"
    budget_ms: Annotated[Milliseconds, doc("Later than this is a failure.")] = 500.0


class PiiRail(Struct, frozen=True, forbid_unknown_fields=True):
    """E-mail, phone, card and account numbers, addresses, national ids (presidio)."""

    action: Annotated[Action, doc(_ACTIONS)] = "redact"
    on_failure: Annotated[Literal["allow", "block"], doc(_ON_FAILURE)] = "block"
    budget_ms: Annotated[Milliseconds, doc("Later than this is a failure.")] = 2000.0
    names: Annotated[
        Literal["none", "spacy", "transformers"],
        doc("Whether names and places are looked for as well, by which kind of model."),
    ] = "none"
    model: Annotated[str, doc("That model: a local folder or a name; see docs/guardrails.md.")] = ""
    device: Annotated[str, doc("Device of that model: cpu, cuda, cuda:1.")] = "cpu"


class ToxicityRail(Struct, frozen=True, forbid_unknown_fields=True):
    """Insults, threats and the like, in questions and beside the stream of answers (detoxify)."""

    action: Annotated[Action, doc(_ACTIONS)] = "block"
    on_failure: Annotated[Literal["allow", "block"], doc(_ON_FAILURE)] = "allow"
    budget_ms: Annotated[Milliseconds, doc("Later than this is a failure.")] = 2000.0
    model: Annotated[
        str,
        doc(
            "Detoxify checkpoint file, or `original`, `unbiased`, `multilingual` to have it "
            "downloaded; without weights or network the rail is degraded."
        ),
    ] = "original"
    model_config: Annotated[
        str, doc("Folder with the tokenizer and configuration that a checkpoint file needs.")
    ] = ""
    threshold: Annotated[
        Annotated[float, Meta(gt=0, lt=1)], doc("Score from which a text counts as toxic.")
    ] = 0.7
    device: Annotated[str, doc("Device of the model: cpu, cuda, cuda:1.")] = "cpu"


class TopicRail(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a question is about what is indexed, by embedding similarity."""

    action: Annotated[Action, doc(_ACTIONS)] = "warn"
    on_failure: Annotated[Literal["allow", "block"], doc(_ON_FAILURE)] = "allow"
    threshold: Annotated[
        float, doc("Cosine to the nearest chunk below which a question is off topic.")
    ] = 0.30
    allow: Annotated[
        tuple[str, ...], doc("Subjects that are always on topic, as short phrases.")
    ] = ()
    deny: Annotated[tuple[str, ...], doc("Subjects that are never answered.")] = ()
    subject_threshold: Annotated[
        float, doc("Cosine to a subject from which a question is about it.")
    ] = 0.5


class InjectionRail(Struct, frozen=True, forbid_unknown_fields=True):
    """Text that tries to instruct the model: in questions, code and retrieved passages."""

    action: Annotated[Action, doc(_ACTIONS)] = "block"
    on_failure: Annotated[Literal["allow", "block"], doc(_ON_FAILURE)] = "allow"
    budget_ms: Annotated[Milliseconds, doc("Later than this is a failure.")] = 500.0
    passages: Annotated[
        Literal["keep", "neutralize", "drop"],
        doc("What happens to a retrieved passage that tries to instruct the model."),
    ] = "neutralize"


class Rails(Struct, frozen=True, forbid_unknown_fields=True):
    """Guardrails on questions, passages and answers."""

    secrets: SecretsRail = SecretsRail()
    pii: PiiRail = PiiRail()
    toxicity: ToxicityRail = ToxicityRail()
    topic: TopicRail = TopicRail()
    injection: InjectionRail = InjectionRail()


class Tenant(Struct, frozen=True, forbid_unknown_fields=True):
    """What differs for one tenant; its name is the table's: `[tenants.acme]`."""

    rails: Annotated[
        dict[Literal["secrets", "pii", "toxicity", "topic", "injection"], Action],
        doc('Actions of rails that differ from those under `[rails]`: `{pii = "block"}`.'),
    ] = {}
    sources: Annotated[
        tuple[str, ...] | None,
        doc("Sources that the tenant's questions may be answered from; null: all."),
    ] = None
