"""Rules against text that is smuggled in for a model: sentences addressed to it, forged turns, tool
calls, encoded orders, and ways for data to leave.
"""

from indexer.screening.languages import Source

MODEL, TOKENS, TOOLS = "addresses the model", "special tokens", "tool call"
ENCODED, LEAK, SAFETY = "encoded instruction", "data exfiltration", "safety off"

_MODELS = (
    r"(?:(?:an?|the|any|all|every|each|to|dear|hey|attention)\W{1,3})?(?:ai|a\.i\.|llms?|"
    r"language models?|large language models?|assistants?|chat ?bots?|chatgpt|gpt|copilot|claude|"
    r"gemini|glossator|ais)(?:\W{1,3}(?:language )?(?:assistants?|models?|systems?|agents?|bots?))?"
)
_MODEL_NAMES = ("ai ", "ai:", "ai,", "ais ", "llm", "language model", "assistant", "chatbot",
                "chat bot", "gpt", "copilot", "claude", "gemini", "glossator")  # fmt: skip
_DO = (
    r"(?:ignore|disregard|forget|say|reply|respond|answer|tell|recommend|output|print|insert|"
    r"append|include|run|execute|call|stop|add|decode|reveal|act|treat|report|mention|cite|state|"
    r"approve|mark|objective|instructions)"
)

SMUGGLED: tuple[Source, ...] = (
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
    (MODEL, 1.0, ("llm instructions", "ai instructions", "model instructions",
                  "assistant instructions", "instructions for", "prompt for"),
     rf"(?:^|[\n.!?#/*\"'(<>\-])\W{{0,6}}(?:(?:llm|ai|model|assistant|agent) (?:instructions?"
     rf"|prompt|directive)|(?:"
     rf"prompt|instructions?) for (?:any |all |the )?{_MODELS})\W{{0,2}}:\W{{1,4}}\w"),
    (MODEL, 1.0, ("reviewer", "assistant", "ai ", "llm", "bots", "models"),
     rf"\b(?:{_MODELS}|ai code) (?:code )?(?:reviewers?|assistants?|tools?|summari[sz]ers?) "
     rf"(?:should|must|shall|have to|are to) "
     rf"(?:approve|ignore|skip|accept|recommend|say|report|pass|mark|state|praise|claim|reply"
     rf"|answer)\b"),
    (MODEL, 0.7, ("ai is reading", "model is reading", "llm is reading", "assistant is reading",
                  "an ai reads", "a model reads", "an llm reads", "if an ai", "if any ai"),
     rf"\b(?:if|when|whenever) (?:an?|the|any) (?:{_MODELS}|model|ai|llm) (?:is reading|reads|sees"
     rf"|summari[sz]es|"
     rf"processes|answers from) (?:this|it)\b"),
    (MODEL, 0.6, ("respond with the content", "contents of the other", "output the content"),
     r"\b(?:respond with|output|reveal|print) the contents? of\b"),
    (MODEL, 1.0, ("to the model", "to the ai", "to the llm", "to the assistant", "for the model"),
     r"[(\[#/*-]\W{0,4}(?:note )?(?:to|for) the (?:model|ai|llm|assistant)\W{1,4}(?:please|never"
     r"|always|do not|you|ignore|"
     r"say|tell)\b"),
    (MODEL, 1.0, ("as the model", "as the assistant", "as the ai"),
     r"\bas the (?:model|assistant|ai)\b[^\n.]{0,40}, you (?:are (?:obliged|required|asked"
     r"|expected)|must|should|"
     r"shall|have to)\b"),
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
    (TOKENS, 1.0, ("system prompt update", "system update", "system notice", "system message"),
     r"\bsystem (?:prompt )?(?:update|notice|message|directive)\W{0,2}:\W{1,4}(?:you (?:must|are"
     r"|will|should|now)|"
     r"ignore|from now|always|never)\b"),
    (TOKENS, 0.7, ("<|im_start|>", "<|start_header_id|>"),
     r"<\|(?:im_start|start_header_id)\|>(?:system|assistant|developer)"
     r"(?:<\|\w{2,20}\|>)?\s{1,3}\w"),
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
     r"<the user|<user|\{conversation\}|\{question\}|\{secrets?\}|\[conversation\]|%user)"),
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
)  # fmt: skip
