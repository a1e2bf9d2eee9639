"""Rules against orders to a model: drop your instructions, be someone else, show your prompt."""

from indexer.screening.languages import OVERRIDE, PROMPT, Source

ROLE, SECRECY = "role change", "secrecy"

_S = r"\W{1,12}"  # between two words
# The beginning of an order to the reader, as opposed to a description. It is the start of a
# sentence, line, comment or quote that is not closed again, or follows a word that orders.
_ORDER = (
    r"(?:(?<=[.!?:;>*#/({\[,\n\-])\s{0,12}|(?<=\"\"\")|(?<=''')|^\s{0,12}|"
    r"\b(?:please|now|must|should|shall|just|and|then|you|kindly|also|immediately|but|so|hey|to|"
    r"will|hereby|instructed|assistant|ai|llm|model|not)\W{1,4}(?:to\W{1,3})?)"
)
VERB = (
    r"(?:ignore|disregard|forget(?: about)?|override|overrule|bypass|neglect|abandon|drop|discard|"
    r"violate|erase|wipe|set aside|put aside|unlearn|suspend|cancel|delete|clear|skip|overwrite|"
    r"supersedes?|replaces?|overrides|pay no attention to|(?:stop|quit) (?:following|obeying"
    r"|listening to)|"
    r"(?:do not|don't|never|no longer) (?:follow|obey|listen to|adhere to|heed))"
)
# At least one of these words occurs in every match.
VERBS = ("ignore", "disregard", "forget", "override", "overrule", "bypass", "neglect", "abandon",
         "drop", "discard", "violate", "erase", "wipe", "set aside", "put aside", "unlearn",
         "suspend", "cancel", "delete", "clear", "skip", "overwrite", "supersede", "replace",
         "pay no attention to", "stop", "quit", "do not", "don't", "never",
         "no longer")  # fmt: skip
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

ORDERS: tuple[Source, ...] = (
    # Instruction override
    (OVERRIDE, 1.0, _NORMS, rf"{_ORDER}{VERB}{_S}{_FILL}{_FORMER}{_S}{_FILL}{_STRONG}\b"),
    (OVERRIDE, 1.0, _NORMS,
     rf"\b{VERB}{_S}(?:all{_S})?(?:of{_S})?your{_S}{_FILL}(?:{_FORMER}{_S})?(?:{_STRONG}"
     rf"|{_WEAK})\b"),
    (OVERRIDE, 1.0, _NORMS,
     rf"{_ORDER}{VERB}{_S}{_FILL}(?:{_FORMER}{_S})?(?:{_STRONG}|{_WEAK}){_S}(?:that{_S})?"
     rf"(?:you|your){_S}(?:were|are|have|had|got|received|developers?|creators?)\b"),
    (OVERRIDE, 1.0, ("everything", "anything", "all ", "what"),
     rf"{_ORDER}{VERB}{_S}(?:everything|anything|all|what|whatever)\W{{1,3}}(?:of\W)?(?:that\W)?"
     rf"(?:you|your)\W{{1,3}}(?:were|was|have|had|been|are|know|developers?|creators?)\b"),
    (OVERRIDE, 1.0, ("the user", "the human"),
     rf"{_ORDER}{VERB}{_S}the{_S}(?:user|human)\b(?:'s|s')?(?:{_S}(?:question|request|query|"
     rf"instructions?|and)\b)"),
    (OVERRIDE, 1.0, ("above", "system message"),
     rf"{_ORDER}{VERB}{_S}the{_S}(?:above|question above|text above|system message)\W{{1,4}}"
     rf"(?:and|then|print|write|follow|instead)\b"),
    (OVERRIDE, 1.0, _NORMS,
     rf"\b(?:(?:your|the|all|any)(?: {_FORMER})?|{_FORMER}) (?:{_STRONG}|restrictions|rules)(?:"
     rf" above| of "
     rf"\w{{2,12}} \w{{2,12}}(?: \w{{2,12}})?)?,? (?:(?:are|were|was|is|have been|has been) (?:now"
     rf" |all |"
     rf"hereby )?(?:void|a mistake|cancell?ed|obsolete|superseded|revoked|a test|wrong|lifted|"
     rf"suspended|removed|waived|replaced by)|(?:do not|don't|does not|doesn't|no longer) apply)"),
    (OVERRIDE, 0.5, ("text", "message", "conversation", "content"),
     rf"{_ORDER}{VERB}{_S}{_FILL}{_FORMER}{_S}(?:text|context|messages?|conversation|content)\b"),
    (OVERRIDE, 0.5, ("question", "request"),
     rf"{_ORDER}(?:ignore|disregard|forget(?: about)?|skip|do not answer){_S}(?:the|this|that"
     rf"|their|"
     rf"user's|above|actual|original){_S}(?:user's )?(?:question|request)\b"),
    (OVERRIDE, 0.7, _NORMS, rf"{_ORDER}{VERB}{_S}{_FILL}(?:{_STRONG}"
     rf"|{_WEAK})\b[^\n.!?]{{0,40}}?\b(?:earlier|"
     rf"previously|before|you|loaded|so far|until now|in the beginning)\b"),
    (OVERRIDE, 0.5, _NORMS,
     rf"\b{VERB}{_S}{_FILL}(?:{_FORMER}{_S})?{_FILL}(?:{_STRONG}|{_WEAK}|instruction)\b"),
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
    (OVERRIDE, 1.0, ("whatever", "everything", "anything", "what"),
     rf"{_ORDER}{VERB}{_S}(?:whatever|everything|anything|what|all)\W{{1,3}}(?:that )?(?:the "
     rf"(?:system|"
     rf"user|developers?|operator)|your \w{{2,12}}|they)\W{{1,3}}(?:has |have |had )?(?:told|tells"
     rf"|said|"
     rf"says|asks?|asked|wants?|wrote|gave|instructed)\b"),
    (OVERRIDE, 1.0, ("your creator", "your developer", "your operator", "your maker", "your owner"),
     rf"{_ORDER}{VERB}{_S}your (?:creators?|developers?|operators?|makers?|owners?)\b"),
    (OVERRIDE, 0.7, ("everything above", "all of the above", "all the above"),
     rf"{_ORDER}{VERB}{_S}(?:everything|all(?: of)? the) above\b"),
    (OVERRIDE, 1.0, ("instead",), r"\bdo not (?:summari[sz]e|quote|use|describe) (?:this|the)"
     r" \w{2,12}"
     r"\W{1,3}instead\W{1,3}(?:say|reply|respond|answer|tell|write|ask)\b"),
    (OVERRIDE, 1.0, ("its task", "its instructions", "its rules", "its guidelines", "their rules",
                     "their instructions"),
     r"\b(?:bot|assistant|model|ai|llm|models|assistants) (?:should|must|shall|has to|may now|can"
     r" now) "
     r"(?:forget|ignore|drop|abandon|disregard) (?:its|their) (?:\w{2,12} )?(?:task|instructions"
     r"|rules|"
     r"guidelines|prompt)\b"),
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
    (ROLE, 1.0, ("freed from", "free from", "released from", "no longer bound", "liberated"),
     r"\b(?:freed?|released|liberated|no longer bound) (?:from|by) (?:all |any |its |your |the )?"
     r"(?:\w{2,12} )?"
     r"(?:guidelines|rules|restrictions|constraints|policies|policy|instructions|limits)\b"),
    (ROLE, 0.5, ("play the part", "play the role", "take the role", "impersonate", "take on the"),
     r"\byou (?:will |shall |should |must |are to )?(?:now )?(?:play|take on?|assume) the (?:part"
     r"|role|persona) of\b"),
    (ROLE, 1.0, ("if you had no", "imagine you had no", "as if you had no", "suppose you had no"),
     r"\byou had no (?:\w{2,12} )?(?:rules|policy|policies|restrictions|filters?|guidelines"
     r"|limits)\b"),
    (ROLE, 0.5, ("from this point", "from here on", "until further notice"),
     r"\bfrom this point (?:on|forward|onwards?)\b|\bfrom here on\b|\buntil further notice\b"),
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
     rf"{_ORDER}{_SHOW}\b[^\n.;?]{{0,45}}?\byour{_S}(?:instructions|prompt|guidelines)\b"),
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
    (PROMPT, 1.0, ("prompt", "instructions"),
     rf"\b{_SHOW}\b[^\n.;?]{{0,40}}?\b(?:the )(?:\w{{2,12}} )?(?:prompt|instructions) (?:that "
     rf"|which )?(?:you (?:were|"
     rf"are|have been) \w{{3,14}}(?: with)?|precedes?|come before|comes before|you run (?:on|with)|"
     rf"configured for you|behind you)\b"),
    (PROMPT, 0.6, ("is the system prompt", "is my system prompt", "are my instructions"),
     r"\bhere(?:'s| is| are) (?:the|my) (?:system prompt|instructions)\b"),
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
)  # fmt: skip
