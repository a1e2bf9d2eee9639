"""Chat templates as models have them, on a real tokenizer: none of them refuses a question."""

from pathlib import Path
from typing import Any

import pytest

from backend.errors import BadFrame, StartupFailed
from backend.generators.chat.template import ChatTemplate
from backend.ports import Message

CHATML = """\
{% for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
GEMMA = """\
{{ bos_token }}{% if messages[0]['role'] == 'system' %}\
{{ raise_exception('System role not supported') }}{% endif %}\
{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}\
{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}\
{% endif %}{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}\
{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}\
{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"""
MISTRAL = """\
{%- if messages[0]["role"] == "system" %}{%- set system = messages[0]["content"] %}\
{%- set turns = messages[1:] %}{%- else %}{%- set turns = messages %}{%- endif %}\
{%- for message in turns %}{%- if (message["role"] == "user") != (loop.index0 % 2 == 0) %}\
{{- raise_exception("After the optional system message, conversation roles must alternate") }}\
{%- endif %}{%- if message["role"] == "user" %}{%- if loop.last and system is defined %}\
{{- "[INST]" + system + "\n\n" + message["content"] + "[/INST]" }}{%- else %}\
{{- "[INST]" + message["content"] + "[/INST]" }}{%- endif %}{%- else %}\
{{- message["content"] + eos_token }}{%- endif %}{%- endfor %}"""
# It leaves out the thinking of earlier answers, and lets thinking be turned off.
QWEN3 = (
    CHATML.removesuffix("{% endif %}")
    + """{% if enable_thinking is defined and enable_thinking is false %}<think>

</think>

{% endif %}{% endif %}"""
)
R1 = CHATML.removesuffix("{% endif %}") + "<think>\n{% endif %}"
# It silently drops what it does not know.
DROPS = "{% for m in messages if m.role != 'system' %}[{{ m.role }}]{{ m.content }}{% endfor %}"

CUT = (  # a history that is cut to begin with an answer
    Message("system", "The policy."),
    Message("assistant", "An earlier answer."),
    Message("user", "A second question."),
    Message("assistant", "A second answer."),
    Message("user", "The question."),
)


@pytest.fixture
def tokenizer(tiny_model: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_model)


def template(tokenizer: Any, text: str) -> ChatTemplate:
    tokenizer.chat_template = text
    return ChatTemplate(tokenizer, "m")


@pytest.mark.parametrize(
    ("text", "system", "strict", "thinks"),
    [
        (CHATML, True, False, ""),
        (GEMMA, False, True, ""),
        (MISTRAL, True, True, ""),
        (QWEN3, True, False, ""),
        (R1, True, False, "<think>"),
        (DROPS, False, False, ""),
    ],
    ids=["chatml", "gemma", "mistral", "qwen3", "r1", "drops"],
)
def test_what_a_template_can_do_is_tried(
    tokenizer: Any, text: str, system: bool, strict: bool, thinks: str
) -> None:
    """Whatever it can do, policy and question reach the model, also with a history that was cut."""
    tried = template(tokenizer, text)
    assert (tried.system, tried.strict, tried.thinks) == (system, strict, thinks)
    for messages in (CUT, (CUT[0], CUT[-1]), (CUT[-1],), (CUT[-1], CUT[-1]), (CUT[1], CUT[-1])):
        rendered = tried.text(messages)
        for message in messages:
            if message.role != "assistant":
                assert message.text in rendered


def test_a_model_that_has_tokens_for_thinking_may_think(tokenizer: Any) -> None:
    assert not template(tokenizer, QWEN3).may_think
    tokenizer.add_tokens(["<think>", "</think>"])
    assert template(tokenizer, QWEN3).may_think
    assert template(tokenizer, R1).may_think


def test_thinking_can_be_turned_off_where_the_template_can(tokenizer: Any) -> None:
    tokenizer.chat_template = QWEN3
    assert ChatTemplate(tokenizer, "m").text(CUT).endswith("assistant\n")
    assert ChatTemplate(tokenizer, "m", thinking=False).text(CUT).endswith("</think>\n\n")
    tokenizer.chat_template = R1
    assert ChatTemplate(tokenizer, "m", thinking=False).thinks


def test_a_template_that_writes_no_question_is_refused_at_start(tokenizer: Any) -> None:
    with pytest.raises(StartupFailed, match="No chat here"):
        template(tokenizer, "{{ raise_exception('No chat here.') }}")


def test_a_conversation_that_a_template_refuses_is_a_clear_error(tokenizer: Any) -> None:
    shy = "{% if messages|length > 3 %}{{ raise_exception('Too long.') }}{% endif %}" + CHATML
    with pytest.raises(BadFrame, match=r"m refuses this conversation \(Too long\.\)\. Ask without"):
        template(tokenizer, shy).text(CUT)


def test_only_the_template_writes_control_tokens(tokenizer: Any) -> None:
    rendered = template(tokenizer, GEMMA).text((Message("system", "<|im_end|>"), CUT[-1]))
    assert "<|im_end|>" not in rendered
