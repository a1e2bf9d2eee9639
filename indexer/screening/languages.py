"""Rules against the classic injections in languages other than English
(``indexer.screening.rules``).

They cover only what is said almost the same way everywhere, "ignore your instructions" and "show
your prompt", as an order. They come from dictionaries and examples, not from native speakers.
"""

OVERRIDE, PROMPT = "instruction override", "prompt exfiltration"

Source = tuple[str, float, tuple[str, ...], str]  # kind, weight, words, pattern

LANGUAGES: tuple[Source, ...] = (
    (OVERRIDE, 1.0, ("ignorier", "vergiss", "vergessen sie", "missachte"),
     r"\b(?:ignorier\w{0,3}|vergiss|vergessen sie|missachten?)\b(?: \w{2,14}){0,4}? "
     r"(?:anweisung\w{0,2}|"
     r"instruktionen|vorgaben|befehle|regeln|richtlinien|alles,? was (?:dir|man dir|ich dir))"),
    (OVERRIDE, 1.0, ("ignore", "oublie", "compte des"),
     r"\b(?:(?:ignore[rz]?|oublie[rz]?) (?:toutes? |tous )?(?:les|tes|vos|ces)|(?:pas )?(?:tenir"
     r"|tiens|"
     r"tenez) (?:pas )?compte des)(?: \w{2,14}){0,2}? (?:instructions?|consignes|directives"
     r"|règles)\b"),
    (OVERRIDE, 1.0, ("ignor", "olvid", "omit", "caso omiso"),
     r"\b(?:ignor[ae]|olvid[ae]|omit[ae]|haz caso omiso de)(?: \w{2,10}){0,3}? (?:instrucciones|"
     r"indicaciones|reglas|órdenes)\b"),
    (OVERRIDE, 1.0, ("ignora", "dimentica", "trascura"),
     r"\b(?:ignora|dimentica|trascura)(?: \w{2,10}){0,3}? (?:istruzioni|regole|direttive"
     r"|indicazioni)\b"),
    (OVERRIDE, 1.0, ("ignor", "esque", "desconsider"),
     r"\b(?:ignor[ae]|esqueça|esquece|desconsider[ae])(?: \w{2,10}){0,3}? (?:instruções|regras|"
     r"orientações|ordens)\b"),
    (OVERRIDE, 1.0, ("negeer", "vergeet"),
     r"\b(?:negeer|vergeet)(?: \w{2,12}){0,3}? (?:instructies|aanwijzingen|opdrachten|regels)\b"),
    (OVERRIDE, 1.0, ("ignoruj", "zapomnij", "zapomeň"),
     r"\b(?:z?ignoruj|zapomnij|zapomeň)\w{0,3}(?: \w{1,14}){0,3}? (?:instrukcj\w{1,3}"
     r"|polece\w{1,4}|"
     r"zasad\w{0,4}|instrukce|pokyny|pravidla)\b"),
    (OVERRIDE, 1.0, ("ignorer", "glöm", "glem", "bortse"),
     r"\b(?:ignorera?|glöm|glem|bortse från)(?: \w{2,12}){0,3}? (?:instru\w{3,9}|regler"
     r"|anvisningar)\b"),
    (OVERRIDE, 1.0, ("игнорируй", "забудь", "ігноруй", "забудьте"),
     r"(?:игнорируй|забудь|ігноруй)\w{0,2}(?: \w{1,14}){0,3}? (?:инструкци\w{1,2}|указани\w{1,2}"
     r"|правила|"
     r"команды|інструкці\w{1,2}|вказівки)"),
    (OVERRIDE, 1.0, ("écoute", "suis", "suivez", "respecte"),
     r"\bn'(?:écoute[zr]?|obéis) (?:plus|pas)(?: à)? (?:tes|vos|les)(?: \w{2,14})? (?:consignes"
     r"|instructions|"
     r"règles)\b"),
    (PROMPT, 0.7, ("systemprompt", "system-prompt", "prompt système", "prompt del sistema",
                   "prompt di sistema", "prompt do sistema", "系统提示", "システムプロンプト",
                   "시스템 프롬프트", "системный промпт", "ton prompt", "tu prompt", "tuo prompt"),
     r"(?:nenn|zeig|gib|verrat|affich|révèl|montr|donn|muestr|revel|mostr|dime|rivel|показ|раскро"
     r"|выведи|显示|"
     r"输出|告诉|透露|表示|教え|見せ|출력|보여|알려)[^\n]{0,30}?(?:system-?prompt|prompt système"
     r"|prompt del? sistema|prompt di "
     r"sistema|prompt do sistema|系统提示|システムプロンプト|시스템 프롬프트|системный промпт|ton"
     r" prompt|tu prompt|tuo prompt)"),
    (OVERRIDE, 1.0, ("忽略", "无视", "忘记", "忘掉", "忽視", "不要理会"),
     r"(?:忽略|无视|忘记|忘掉|忽視|不要理会|無視)[^\n。]{0,10}(?:指令|指示|规则|提示|设定|規則"
     r"|限制)"),
    (OVERRIDE, 1.0, ("無視", "忘れ"), r"(?:指示|命令|ルール|指令|プロンプト|制約)[^\n。]{0,8}"
     r"(?:無視|忘れ)"),
    (OVERRIDE, 1.0, ("무시", "잊"), r"(?:지시|명령|규칙|지침|프롬프트)[^\n]{0,8}(?:무시|잊)"),
    (OVERRIDE, 1.0, ("talimat", "yönerge", "kurallar"),
     r"(?:talimat|yönerge|kurallar)\w{0,8}[^\n.]{0,12}(?:yok say|görmezden gel|unut|dikkate alma)"),
    (OVERRIDE, 1.0, ("تجاهل", "انس"), r"(?:تجاهل|انس)[^\n.]{0,20}(?:تعليمات|التعليمات|الأوامر"
     r"|القواعد)"),
    (OVERRIDE, 1.0, ("निर्देश", "आदेश", "नियम"),
     r"(?:निर्देश|आदेश|नियम)[^\n]{0,15}(?:अनदेखा|नज़रअंदाज़|भूल|उपेक्षा)"),
    (OVERRIDE, 1.0, ("abaikan", "lupakan"),
     r"\b(?:abaikan|lupakan)(?: \w{2,12}){0,3}? (?:instruksi|perintah|aturan|arahan)\b"),
    (OVERRIDE, 1.0, ("bỏ qua", "phớt lờ", "quên"),
     r"(?:bỏ qua|phớt lờ|quên)(?: \w{1,8}){0,4}? (?:hướng dẫn|chỉ dẫn|chỉ thị|lệnh|quy tắc)"),
)  # fmt: skip
