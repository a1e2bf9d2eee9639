"""What an injection looks like: the rules of ``indexer.suspicion``, and nothing else.

Patterns match lower-case text. A weight of 1 is enough by itself; the others have to meet a sign
of another kind. ``words``: at least one of them stands in every match, so that most rules need
not run on most texts. Between words any few characters that are not letters may stand: comment
marks, line breaks, dots. Fillers are closed lists, which is what tells "ignore all previous
instructions" from "ignore all previous warnings about instructions".
"""

import re
import unicodedata
from dataclasses import dataclass

from indexer.suspicion_languages import LANGUAGES, OVERRIDE, PROMPT, Source


@dataclass(frozen=True, slots=True)
class Rule:
    kind: str
    weight: float
    words: tuple[str, ...]
    pattern: re.Pattern[str]


ROLE, SECRECY, MODEL = "role change", "secrecy", "addresses the model"
TOKENS = "special tokens"
TOOLS, ENCODED, LEAK, SAFETY = "tool call", "encoded instruction", "data exfiltration", "safety off"

_S = r"\W{1,12}"  # between two words
# An order to whom it reads, not a description: at the start of a sentence, line, comment or quote
# that is not closed again, or after a word that orders.
_ORDER = (
    r"(?:(?<=[.!?:;>*#/({\[,\n\-])\s{0,12}|^\s{0,12}|"
    r"\b(?:please|now|must|should|shall|just|and|then|you|kindly|also|immediately|but|so|hey|to|"
    r"will|hereby|instructed|assistant|ai|llm|model|not)\W{1,4}(?:to\W{1,3})?)"
)
_MODELS = (
    r"(?:(?:an?|the|any|all|every|each|to|dear|hey|attention)\W{1,3})?(?:ai|a\.i\.|llms?|"
    r"language models?|large language models?|assistants?|chat ?bots?|chatgpt|gpt|copilot|claude|"
    r"gemini|glossator|ais)(?:\W{1,3}(?:language )?(?:assistants?|models?|systems?|agents?|bots?))?"
)
_MODEL_NAMES = ("ai ", "ai:", "ai,", "ais ", "llm", "language model", "assistant", "chatbot",
                "chat bot", "gpt", "copilot", "claude", "gemini", "glossator")  # fmt: skip
_VERB = (
    r"(?:ignore|disregard|forget(?: about)?|override|overrule|bypass|neglect|abandon|drop|discard|"
    r"violate|erase|wipe|set aside|put aside|unlearn|suspend|cancel|delete|clear|skip|overwrite|"
    r"supersedes?|replaces?|overrides|pay no attention to|(?:stop|quit) (?:following|obeying)|"
    r"(?:do not|don't|never|no longer) (?:follow|obey|listen to|adhere to|heed))"
)
_NORMS = ("instruction", "prompt", "directive", "guid", "message", "rule", "constraint",
          "restriction", "programming", "training", "order", "polic", "filter", "limitation",
          "command")  # fmt: skip
_FILL = (
    rf"(?:(?:all|any|every|each|of|the|these|those|your|my|our|its|own|other|and|or|whatever|"
    rf"memory|context|text|safety|content|ethical|user's|developer's|company's|current|existing|"
    rf"set){_S}){{0,6}}"
)
_FORMER = (
    r"(?:previous|previously given|prior|above|earlier|preceding|initial|original|former|system|"
    r"developer|hidden|default|base|past|foregoing)"
)
_STRONG = (
    r"(?:instructions|prompts?|directives|guidelines|guidance|system messages?|developer messages?)"
)
_WEAK = (
    r"(?:rules|constraints|restrictions|programming|training|orders|polic(?:y|ies)|guardrails|"
    r"safety policy|filters|limitations|commands|messages?)"
)
_PROMPT = r"(?:prompts?|instructions?|messages?|guidelines|rules|configuration|directives)"
_SHOW = (
    r"(?:reveal|show|print|repeat|output|display|tell me|tell us|leak|dump|disclose|share|give me|"
    r"write out|echo|recite|summari[sz]e|translate|read|list|what (?:is|are|was|were)|expose|"
    r"paste|return|type)"
)
_DO = (
    r"(?:ignore|disregard|forget|say|reply|respond|answer|tell|recommend|output|print|insert|"
    r"append|include|run|execute|call|stop|add|decode|reveal|act|treat|report|mention|cite|state|"
    r"approve|mark|objective|instructions)"
)

_SOURCES: tuple[Source, ...] = (
    # Instruction override
    (OVERRIDE, 1.0, _NORMS, rf"{_ORDER}{_VERB}{_S}{_FILL}{_FORMER}{_S}{_FILL}{_STRONG}\b"),
    (OVERRIDE, 1.0, _NORMS,
     rf"\b{_VERB}{_S}(?:all{_S})?(?:of{_S})?your{_S}{_FILL}(?:{_FORMER}{_S})?(?:{_STRONG}"
     rf"|{_WEAK})\b"),
    (OVERRIDE, 1.0, _NORMS,
     rf"{_ORDER}{_VERB}{_S}{_FILL}(?:{_FORMER}{_S})?(?:{_STRONG}|{_WEAK}){_S}(?:that{_S})?"
     rf"(?:you|your){_S}(?:were|are|have|had|got|received|developers?|creators?)\b"),
    (OVERRIDE, 1.0, ("everything", "anything", "all ", "what"),
     rf"{_ORDER}{_VERB}{_S}(?:everything|anything|all|what|whatever)\W{{1,3}}(?:of\W)?(?:that\W)?"
     rf"(?:you|your)\W{{1,3}}(?:were|was|have|had|been|are|know|developers?|creators?)\b"),
    (OVERRIDE, 1.0, ("the user", "the human"),
     rf"{_ORDER}{_VERB}{_S}the{_S}(?:user|human)\b(?:'s|s')?(?:{_S}(?:question|request|query|"
     rf"instructions?|and)\b)"),
    (OVERRIDE, 1.0, ("above", "system message"),
     rf"{_ORDER}{_VERB}{_S}the{_S}(?:above|question above|text above|system message)\W{{1,4}}"
     rf"(?:and|then|print|write|follow|instead)\b"),
    (OVERRIDE, 1.0, _NORMS,
     rf"\b(?:(?:your|the|all|any)(?: {_FORMER})?|{_FORMER}) (?:{_STRONG}|restrictions|rules)(?:"
     rf" above| of "
     rf"\w{{2,12}} \w{{2,12}}(?: \w{{2,12}})?)?,? (?:(?:are|were|was|is|have been|has been) (?:now"
     rf" |all |"
     rf"hereby )?(?:void|a mistake|cancell?ed|obsolete|superseded|revoked|a test|wrong|lifted|"
     rf"suspended|removed|waived|replaced by)|(?:do not|don't|does not|doesn't|no longer) apply)"),
    (OVERRIDE, 0.5, ("text", "message", "conversation", "content"),
     rf"{_ORDER}{_VERB}{_S}{_FILL}{_FORMER}{_S}(?:text|context|messages?|conversation|content)\b"),
    (OVERRIDE, 0.5, ("question", "request"),
     rf"{_ORDER}(?:ignore|disregard|forget(?: about)?|skip|do not answer){_S}(?:the|this|that"
     rf"|their|"
     rf"user's|above|actual|original){_S}(?:user's )?(?:question|request)\b"),
    (OVERRIDE, 0.7, _NORMS, rf"{_ORDER}{_VERB}{_S}{_FILL}(?:{_STRONG}"
     rf"|{_WEAK})\b[^\n.!?]{{0,40}}?\b(?:earlier|"
     rf"previously|before|you|loaded|so far|until now|in the beginning)\b"),
    (OVERRIDE, 0.5, _NORMS,
     rf"\b{_VERB}{_S}{_FILL}(?:{_FORMER}{_S})?{_FILL}(?:{_STRONG}|{_WEAK}|instruction)\b"),
    (OVERRIDE, 0.6, ("new", "real", "true"),
     r"\b(?:your|begin|the)\W{1,3}(?:new|real|true|actual|updated)\W{1,3}(?:system\W{1,3})?"
     r"(?:instructions?|task|objective|goal|purpose|prompt|orders|role)\b"),
    (OVERRIDE, 0.5, ("new",), r"(?:^|[\n.!:#/>*-])\W{0,6}new\W{1,3}(?:system\W{1,3})?"
     r"(?:instructions?|task|policy|prompt|orders|directives?)\b[^\n.]{0,40}:"),
    (OVERRIDE, 1.0, ("new",), r"\bnew\W{1,3}(?:instructions?|task|orders)\W{1,3}(?:for|to)\W{1,3}"
     r"the\W{1,3}(?:assistant|ai|model|llm|chatbot)\b"),
    (OVERRIDE, 1.0, ("instead",), r"\bdo not answer (?:the|this|any|that) (?:user's )?questions?\b"
     r"[^\n]{0,40}\binstead\b"),
    (OVERRIDE, 0.7, ("end of", "end user"),
     r"\bend of (?:the )?(?:user code|system prompt|prompt|document(?:ation)?|context|passages?|"
     r"user input|instructions)\b"),
    (OVERRIDE, 1.0, ("system override", "instruction override"), r"\b(?:system|instruction)"
     r" override\b"),
    (OVERRIDE, 1.0, ("over the user",), r"\b(?:obey|follow)\b[^\n.]{0,60}\bover the user"),
    (OVERRIDE, 0.6, ("highest priority",), r"\b(?:commands?|instructions?) of the highest"
     r" priority"),
    # Role change
    (ROLE, 1.0, ("you are", "you're"),
     r"\byou(?:'re| are)\W{1,3}(?:now|no longer|henceforth)\W{1,3}[^\n.!?]{0,50}?\b(?:assistant|ai|"
     r"a\.i\.|bot|chatbot|model|dan|gpt\w{0,10}|\w{2,20}gpt|pirate|hacker|unrestricted|unfiltered|"
     r"uncensored|jailbroken|evil|maintenance mode|developer mode|god mode|dan mode)\b"),
    (ROLE, 0.8, ("you are", "you have"),
     r"\byou (?:are|have) (?:an? )?(?:now )?(?:ai )?(?:that )?(?:has |have )?(?:unrestricted|"
     r"unfiltered|uncensored|no (?:restrictions|rules|filters?|limits|content policy))\b"),
    (ROLE, 0.6, ("refuse", "any policy", "anything", "everything"),
     r"\b(?:an? )?(?:ai|assistant|model|bot|chatbot)\b[^\n.]{0,30}\b(?:who|that|which|free of|with"
     r" no)\b"
     r"[^\n.]{0,40}\b(?:never refuses?|any policy|any rules|everything|anything|cannot refuse)\b"),
    (ROLE, 0.5, ("role play", "roleplay", "role-play", "let's play", "game"),
     r"\b(?:role-? ?play|let's play(?: a game)?|play a game)\b[^\n]{0,20}[.:,]?\W{0,3}you\b"),
    (ROLE, 0.5, ("you are", "you're"), r"\byou(?:'re| are) \w{2,15},? an? (?:\w{2,15} )?(?:ai"
     r"|assistant|bot|"
     r"model|chatbot)\b"),
    (ROLE, 0.6, ("policy", "restrict", "filter", "rules", "limit"),
     r"\b(?:as an ai|answer|respond|speak|reply|act)\b[^\n.]{0,40}?\b(?:free of|without|no)(?: any"
     r"| all)?"
     r" (?:policy|policies|restrictions|filters?|rules|limits)\b"),
    (ROLE, 0.6, ("supervisor", "developer", "creator", "admin", "owner"),
     r"\bi(?:'m| am) (?:your|the) (?:new )?(?:supervisor|developers?|creator|admin\w{0,10}|owner"
     r"|boss)\b|"
     r"\bmessage from your (?:developers?|creators?|admin\w{0,10}|operators?)\b"),
    (ROLE, 0.5, ("admin mode", "developer mode", "god mode", "debug mode", "maintenance mode"),
     r"\byou are (?:now )?in (?:admin|developer|god|debug|maintenance|unrestricted) mode\b"),
    (ROLE, 0.5, ("you may now", "you can now", "in this session", "upgraded"),
     r"\byou (?:may|can) now (?:share|reveal|say|disclose|ignore|speak)\b|\bin this session\b"
     r"|\byou have "
     r"been upgraded\b"),
    (ROLE, 1.0, ("do anything now", "jailbr"), r"\bdo anything now\b|\bjailbroken\b"),
    (ROLE, 1.0, ("act", "pretend", "behave", "role", "simulate", "stay"),
     r"\b(?:act|pretend|behave|role-?play|simulate|stay)\W{1,3}(?:as|to be|you are|you're|like"
     r"|in)\b"
     r"[^\n.!?]{0,40}?\b(?:unrestricted|unfiltered|uncensored|no rules|without (?:any )?"
     r"(?:rules|restrictions|limits|filters?)|dan|jailbroken|evil|the system administrator|"
     r"administrator rights|had administrator)\b"),
    (ROLE, 0.6, ("act as root",), r"\bact as root\b"),
    (ROLE, 0.6, ("pirate", "hacker"), r"\b(?:answer|respond|reply|speak)\b[^\n.]{0,40}\b(?:as|like"
     r"|in)"
     r" (?:if )?(?:an? |you were an? )?(?:pirate|hacker|villain)\b"),
    (ROLE, 0.6, ("an ai", "a language model", "a model", "a chatbot", "an assistant"),
     r"\byou are (?:an? )(?:ai|language model|model|chatbot|assistant)\b[^\n.]{0,30}\b(?:that|who|"
     r"which|with|without)\b[^\n.]{0,40}\b(?:no|never|always|any|only|disabling|must)\b"),
    (ROLE, 0.7, ("from now on", "henceforth"),
     r"\b(?:from now on|henceforth),?\W{1,3}(?:you|your)\b(?! need| can| should see)"),
    (ROLE, 0.7, ("mode",), r"\b(?:enter|enable|activate|switch to|in)\W{1,3}(?:developer|god|debug|"
     r"admin|sudo|jailbreak|dan|unrestricted) mode\b[^\n]{0,40}\b(?:you|your)\b"),
    (ROLE, 0.6, ("mode enabled", "mode activated"), r"\b(?:sudo|god|dan|jailbreak|admin|developer)"
     r" mode (?:enabled|activated)\b"),
    (ROLE, 0.8, ("you no longer", "stop being"), r"\byou no longer (?:work|serve|belong|answer)\b|"
     r"\bstop being\W{1,3}(?:glossator|an? (?:assistant|ai))\b"),
    (ROLE, 0.6, ("authori",), r"\b(?:i authori[sz]e you|you are authori[sz]ed) to\b"),
    (ROLE, 0.6, ("comply", "obey"), r"\byou (?:must|will|shall|should) (?:always )?(?:comply"
     r"|obey)\b|"
     r"\byou obey only\b|\bcomply immediately\b"),
    (ROLE, 0.5, ("follow only mine", "obey only", "only follow"),
     r"\bfollow only mine\b|\bobey only\b|\bonly follow (?:my|mine)\b"),
    # Exfiltration of the prompt
    (PROMPT, 1.0, ("your",),
     rf"\b{_SHOW}\b(?!\W{{1,3}}how)[^\n.;]{{0,40}}?\byour{_S}(?:\w{{2,15}}{_S}){{0,2}}?(?:system"
     rf"|initial|"
     rf"hidden|original|secret|internal|confidential|developer|full|first)\W{{0,3}}"
     rf"(?:\w{{2,15}}{_S})?{_PROMPT}\b"),
    (PROMPT, 1.0, ("your",),
     rf"{_ORDER}{_SHOW}\b[^\n.;?]{{0,20}}?\byour{_S}(?:instructions|prompt|guidelines)\b"),
    (PROMPT, 0.6, _NORMS,
     rf"{_ORDER}{_SHOW}{_S}(?:all{_S}|me{_S}|the{_S}|full text of{_S}){{0,3}}(?:initial|system|"
     rf"hidden|secret|confidential|developer){_S}(?:{_PROMPT})\b"),
    (PROMPT, 1.0, ("prompt", "instruction", "system message"),
     rf"\b(?:convert|paste|complete|check|encode|encrypt|spell|write|put|copy|say|tell|see|send|"
     rf"share|rephrase|explain|describe|quote|dump|first line of|words of"
     rf"|know)\b[^\n.;]{{0,40}}?\b(?:your|my)"
     rf"{_S}(?:\w{{2,15}}{_S})?(?:system|initial|hidden|original|secret|internal|confidential"
     rf"|first)"
     rf"\W{{0,3}}(?:prompt|instructions|message)\b"),
    (PROMPT, 0.7, ("your system prompt", "your initial instructions", "your hidden instructions",
                   "internal instructions", "hidden instructions", "your original instructions"),
     r"\byour (?:system prompt|initial instructions|hidden instructions|original instructions)\b|"
     r"\b(?:internal|hidden) instructions\b"),
    (PROMPT, 1.0, ("conversation", "chat", "context", "first message"),
     r"\b(?:what|reveal|text|written|placed|stands?|said|show|print|repeat|list)\b[^\n]{0,60}?\b"
     r"(?:(?:top|"
     r"start|beginning) of (?:this|the|our|your) (?:conversation|chat|context)|before (?:my first "
     r"message|this (?:chat|conversation)|our (?:chat|conversation)))\b"),
    (PROMPT, 1.0, ("full text of your", "contents of your", "content of your"),
     r"\b(?:full text|contents?) of your (?:instructions|prompt|context|configuration|system)\b"),
    (PROMPT, 1.0, ("above",),
     rf"\b(?:repeat|output|print|copy|recite){_S}(?:me{_S})?(?:everything|all|the (?:text|words"
     rf"|content"
     rf"|message)|what is|what was)(?:{_S}(?:text|that is|written))?{_S}above\b[^\n]{{0,80}}?"
     rf"(?:verbatim"
     rf"|you are|hidden|instructions|prompt|word for word|code block)"),
    (PROMPT, 1.0, ("instructions", "told", "prompt"),
     r"\b(?:instructions|messages?|prompt|rules) (?:that )?you (?:received|were given|got|have) "
     r"(?:before|at the (?:start|beginning)|above|initially|first)\b"),
    (PROMPT, 1.0, ("told not to",), r"\bwhat were you told not to\b|\byou were told not to say\b"),
    (PROMPT, 0.6, ("confidential", "secret", "hidden", "restricted"),
     rf"{_ORDER}{_SHOW}{_S}(?:the{_S}|all{_S}|your{_S}|any{_S}){{0,2}}(?:confidential|secrets?"
     rf"|hidden|"
     rf"restricted)\W{{1,4}}(?:configuration|guidelines|data|passages|secrets|in the context|"
     rf"information)\b"),
    (PROMPT, 0.5, ("system prompt", "system-prompt", "systemprompt"),
     r"\b(?:hidden|secret|initial) (?:system )?prompt\b|\b(?:your|the) system\W?prompt in\b"),
    (PROMPT, 0.6, ("hidden prompt",), r"\bhidden prompt\W{0,3}:"),
    # Secrecy
    (SECRECY, 0.7, ("tell", "mention", "inform", "notify", "let", "alert", "reveal"),
     r"\b(?:do not|don't|never|without|must not) (?:tell|mention|inform|notify|let|alert|telling|"
     r"mentioning|informing|notifying|alerting|reveal)(?:ing)?\b[^\n.]{0,30}?\b(?:this|that you"
     r"|these|the "
     r"network call|it) ?(?:comment|paragraph|instruction|message|text|note|read|about|to)?\b"),
    (SECRECY, 0.5, ("the user", "the human", "the developer", "the reader"),
     r"\b(?:do not|don't|never|without|must not) (?:tell|mention|inform|notify|let|alert|telling|"
     r"mentioning|informing|notifying|alerting)(?: to)? the (?:user|human|developer|reader)\b"),
    (SECRECY, 0.4, ("never reveal", "do not reveal", "never mention", "do not mention",
                    "do not report", "do not cite"),
     r"\b(?:never|do not) (?:reveal this|mention|report the|cite this)\b"),
    # Speaks to a model
    (MODEL, 1.0, _MODEL_NAMES,
     rf"(?:^|[\n.!?#/*\"'(<>\-])\W{{0,6}}(?:attention|p\.?s\.?|to|for|note|prompt|dear|hey"
     rf"|message)?\W{{0,3}}(?:all|any|"
     rf"every|to|for|whoever|the)?\W{{0,3}}(?:the )?{_MODELS}(?: reviewers?| notes?| readers?|"
     rf" users)?\W{{0,2}}:"
     rf"\W{{1,4}}(?:\w{{2,12}}\W{{1,3}}){{0,4}}?(?:mark|skip|hide|answer|forget|provide|always"
     rf"|never|respond|reply|omit|"
     rf"advertise|treat|say|the correct answer|do not|don't|ignore|praise|insert|include|approve|"
     rf"previous|you|disregard|state|claim|pretend|generate|add|use|link)\b"),
    (MODEL, 1.0, ("this page", "this file", "this article", "this document", "this repo",
                  "this text", "this passage", "this code", "this paragraph"),
     rf"\b(?:models|{_MODELS})\W{{1,3}}(?:that |which |who )?(?:reading|reads?|processes|process"
     rf"|summari\w{{1,5}}|"
     rf"consum\w{{1,4}}|review\w{{0,4}}|index\w{{0,4}}|pars\w{{1,4}}|us\w{{1,4}}|quot\w{{1,4}})"
     rf" this (?:page|file|article|"
     rf"document|repo\w{{0,7}}|text|passage|code|paragraph)\b[^\n.]{{0,10}}?(?:\b(?:must|should"
     rf"|are required|"
     rf"has to|have to|shall|is required)|:)"),
    (MODEL, 0.7, ("whoever answers", "when generating", "when answering", "when summari"),
     r"\b(?:whoever answers|when (?:generating|answering|summari[sz]ing|using|quoting"
     r"|citing))\b[^\n]{0,40}"
     r"\bthis (?:file|passage|page|document|text|module|paragraph|library)\b"),
    (MODEL, 0.6, ("every question", "any question", "whatever they ask", "whatever is asked",
                  "is mentioned"),
     r"\b(?:answer|reply to|respond to) (?:every|any|all) questions? (?:with|by|about)\b"
     r"|\bwhatever (?:they "
     r"ask|is asked|the user asks)\b|\byou will (?:reply|answer|respond) with\b"),
    (MODEL, 0.6, ("hide", "spam", "phishing", "praise", "advertise", "pretend that"),
     r"\bhide (?:the|this|it)\b[^\n]{0,30}\bfrom the user\b|\b(?:phishing|malicious) link\b"
     r"|\badvertise our\b"),
    (MODEL, 1.0, ("note", "message", "instruction", "attention", "important", "reminder"),
     rf"\b(?:note|messages?|instructions?|reminder|attention|important)(?: instruction)?"
     rf"(?:\W{{1,3}}(?:to|for))?\W{{1,4}}(?:all\W|any\W)?{_MODELS}\b[^\n]{{0,80}}?\b{_DO}\b"),
    (MODEL, 1.0, ("if you are",),
     rf"\bif you(?:'re| are) (?:an? )?(?:automated )?{_MODELS}\b[^\n]{{0,80}}?\b(?:{_DO}|your)\b"),
    (MODEL, 1.0, _MODEL_NAMES,
     rf"(?:^|[\n.!?#/*\"'(<>-])\W{{0,6}}{_MODELS}\W{{0,2}}[:,;—]\W{{1,4}}(?:[^\n.]{{0,50}}?\W)?"
     rf"(?:you must|must now|ignore|disregard|forget|override|say|reply|respond|tell|recommend"
     rf"|output|"
     rf"insert|append|do not tell|without telling|you should now|your|before you answer|when you|"
     rf"from now on|please do not|stop|decode|reveal|when summari[sz]ing)\b"),
    (MODEL, 0.7, ("reading this", "reads this", "processes this", "read this", "summari"),
     rf"\b(?:the model|{_MODELS})\W{{1,3}}(?:that |which |who )?(?:reading|reads?|processes"
     rf"|process|summari\w{{1,5}}) "
     rf"(?:this|it|the)\b"),
    (MODEL, 0.6, ("must", "should", "has to", "have to", "hereby"),
     rf"\b{_MODELS} (?:must|should always|has to|have to|should include|should now|is hereby"
     rf"|should "
     rf"respond|should treat|reading this (?:must|should|has to))\b[^\n.]{{0,40}}?\b(?:say|reply"
     rf"|respond|"
     rf"answer|tell|recommend|insert|append|include|ignore|run|execute|treat|output|always"
     rf"|instructed|"
     rf"with)\b"),
    (MODEL, 0.6, ("@assistant", "@copilot", "@ai"), r"@(?:assistant|copilot|ai)\b"),
    (MODEL, 1.0, ("this is an instruction",),
     r"\bthis is an instruction (?:to|for) (?:the )?(?:language model|llm|ai|assistant|model)\b"),
    (MODEL, 0.6, ("as an ai",), r"\bas an ai(?: \w{2,12})?,? you (?:are required|must|should"
     r"|have)\b"),
    (MODEL, 0.7, ("instruction to the", "instruction for the", "instructions to the",
                  "instructions for the"),
     r"\binstructions? (?:to|for) the (?:\w{2,12} )?(?:language model|llm|ai|assistant|model"
     r"|chatbot)\b"),
    (MODEL, 0.7, ("when asked", "when a user", "when the user", "when users", "when anyone"),
     r"\bwhen (?:asked|(?:a|the|any) users? asks?|users ask|anyone asks)\b[^\n]{0,60}?\b(?:you"
     r" must|"
     r"always (?:say|answer|reply|recommend|respond)|always answer)\b"),
    (MODEL, 0.7, ("answer", "suggestion", "reply", "response", "conversation", "summarize"),
     r"\b(?:in|to|of|at the end of) (?:every|each|its|your|all) (?:answers?|suggestions?|repl(?:y"
     r"|ies)|"
     r"responses?)\b|\bsteer (?:every|the|all) conversations?\b|\bdescribe how to disable\b"),
    (MODEL, 0.4, ("tell the user", "tell users", "respond that", "recommend that they"),
     r"\b(?:tell|recommend|respond)(?: the users?| users| that they| that)\b"),
    (MODEL, 0.6, ("the user wants you", "the user asked you", "the user has asked you"),
     r"\bthe user (?:wants|asked|has asked|would like) you to\b"),
    (MODEL, 0.5, ("you must insert", "you must add", "you must now", "must always say",
                  "insert the sentence", "insult the user"),
     r"\byou must (?:insert|add|now|always say)\b|\binsert the sentence\b|\binsult the user\b"),
    # Special tokens and forged turns
    (TOKENS, 1.0, ("<|", "[inst]", "<<sys>>", "<system>"),
     r"(?:<\|(?:im_start|start_header_id|system|begin_of_text)\|>\W{0,4}(?:system|developer)?"
     r"(?:<\|\w{1,20}\|>)?|\[inst\]|<<sys>>|<system>)[\W]{0,12}(?:<<sys>>\W{0,4})?(?:you (?:are"
     r"|must|"
     r"obey|will|have)|ignore|disregard|forget|from now|reveal|new )"),
    (TOKENS, 0.5, ("<|", "[inst]", "<<sys>>", "</s>"),
     r"<\|(?:im_start|im_end|system|endoftext|eot_id|start_header_id)\|>|\[/?inst\]|<</?sys>>"
     r"|</?s>"),
    (TOKENS, 0.6, ("<system", "</user", "[system]", "</system", "<instructions"),
     r"</?system(?:[ _-]\w{2,12})?>|</user>|\[system\]\(#|<instructions?>"),
    (TOKENS, 0.7, ("system:", "system :"), r"(?:^|\n)\W{0,6}system ?:\W{1,4}(?:you|ignore|the new"
     r"|new|"
     r"override|disregard|from now)\b"),
    (TOKENS, 0.5, ("###",), r"###\s{0,3}(?:system|instructions?|developer)\s{0,2}:"),
    (TOKENS, 0.4, ("human:",), r"(?:^|\n)human:[^\n]{0,200}\n{1,3}assistant:"),
    (TOKENS, 0.6, ("\"role\"", "'role'"), r"[\"']role[\"']\s{0,3}:\s{0,3}[\"'](?:system"
     r"|developer)[\"']"
     r"[^}]{0,60}(?:unrestricted|ignore|no rules|you must)"),
    # Tool calls, commands
    (TOOLS, 0.6, ("<tool_call>", "<function_call", "<invoke", "[tool_calls]", "<|python_tag|>"),
     r"<tool_call>|<function_calls?>|<invoke name=|\[tool_calls\]|<\|python_tag\|>"),
    (TOOLS, 0.7, ("tool",), r"\b(?:call|invoke|use|run|execute) the \W?[\w.]{2,40}\W? (?:tool"
     r"|function)"
     r"\b[^\n]{0,60}\b(?:delete|send|upload|path=/|confirm|rm |curl|email|without)"),
    (TOOLS, 0.5, ("without", "do not ask", "before continuing"),
     r"\b(?:do not ask for|without asking for) confirmation\b|\bbefore continuing\b"),
    (TOOLS, 0.6, ("rm -rf", "curl ", "id_rsa"), r"\brm -rf [~/]|\bcurl \S{4,80} ?\| ?(?:ba)?sh|"
     r"\.ssh/id_rsa"),
    # Encoded instructions
    (ENCODED, 1.0, ("decode", "base64", "rot13", "hex", "decipher", "decrypt"),
     r"\b(?:decode|base64|rot13|decipher|decrypt|hex)\b[^\n]{0,80}?\b(?:(?:follow|obey|act on"
     r"|comply "
     r"with)\b(?: (?:it|them|the instructions|what|its)\b|$)|do what (?:it|they) says?|execute the "
     r"instructions|the instructions (?:it|in it|they) )"),
    # Exfiltration of data
    (LEAK, 1.0, ("send", "post", "upload", "exfiltrate", "forward", "append", "encode", "putting",
                 "include", "leak", "data=", "embed"),
     r"\b(?:send|post|upload|exfiltrate|forward|append|encode|putting|leak|embed)\b[^\n.]{0,60}?\b"
     r"(?:the "
     r"(?:conversation|chat history|user's (?:question|code|data|last message|message|secrets))"
     r"|user_question|api keys|the secrets|environment variables)\b[^\n]{0,60}?(?:https?:|\burl\b"
     r"|image|"
     r"query parameter|without telling)(?!(?: \w{1,12}){0,2} requests)"),
    (LEAK, 0.6, ("followed by", "append", "add a link"),
     r"\badd a link to https?://|\bfollowed by the (?:chat|conversation|question)\b"),
    (LEAK, 1.0, ("http",), r"https?://[^\s)\"']{3,120}[?&/][^\s)\"']{0,60}(?:user_question|"
     r"\{conversation\}|\{question\}|\{secrets?\}|\[conversation\]|%user)"),
    (LEAK, 0.6, ("image", "link"), r"\b(?:include|render|insert|add|output|embed) (?:this|the"
     r" following)"
     r"(?: markdown)? (?:image|link)\b"),
    (LEAK, 0.6, ("secret", "api key", "password", "environment variable"),
     r"\b(?:output|print|list|reveal|show) (?:the |all |any )?(?:user's )?(?:secrets|api keys"
     r"|database "
     r"password|passwords|environment variables)\b[^\n]{0,20}(?:context|you know|user|from)?"),
    # Safety off
    (SAFETY, 1.0, ("disable", "turn off", "bypass", "remove", "without", "drop"),
     r"\b(?:disable|turn off|bypass|remove|drop|without)\W{1,3}your\W{1,3}(?:\w{2,12} )?(?:safety"
     r"|content|"
     r"ethical|moderation)(?: \w{2,12})?\b"),
    (SAFETY, 0.6, ("without any filter", "no content policy", "without restrictions",
                   "without any restrictions", "without limits", "no restrictions", "no rules"),
     r"\bwithout any filters?\b|\bno content policy\b|\bwithout (?:any )?(?:restrictions|limits)\b|"
     r"\bno (?:restrictions|rules)\b"),
    *LANGUAGES,
)  # fmt: skip

RULES = tuple(
    Rule(
        kind,
        weight,
        tuple(unicodedata.normalize("NFKC", word) for word in words),
        re.compile(unicodedata.normalize("NFKC", pattern)),
    )
    for kind, weight, words, pattern in _SOURCES
)
