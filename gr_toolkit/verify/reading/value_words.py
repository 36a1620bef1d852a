"""Plain words that denote a value ("a dime", "perpendicular"), and words that only talk about the task."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_WORDS = 6
MAX_FEW = 3  # words; so few may denote a value, whatever they are


class Value(NamedTuple):
    """A value that some words denote, if the question is about `topic`."""

    words: re.Pattern[str]
    value: str
    topic: re.Pattern[str] | None


def _value(words: str, value: str, topic: str = "") -> Value:
    pattern = re.compile(
        rf"(?:it (?:is |will )?|they (?:are )?|always |an? |the )*(?:{words})", re.IGNORECASE
    )
    return Value(pattern, value, re.compile(topic, re.IGNORECASE) if topic else None)


CHANCE = r"probab|chance|likel|odds"
MONEY = r"money|cost|price|pa(?:y|id)\b|coin|cents?\b|dollar|worth|change"
CHARGE = r"charge|force|torque|differen|balance|potential"
MOTION = r"speed|velocit|accelerat|momentum|fast|moves?\b|motion|kinetic"
ANGLE = r"angle|direction|orient|incline|lines?\b|vectors?\b|planes?\b|slope"
VALUES = [
    _value(
        r"break(?:s|ing)?[ -]?even|unchanged|no change|no (?:\w+ )?effect|(?:does|do|did|will) not change"
        r"|doesn't change"
        r"|(?:stays?|remains?) (?:the same|constant|unchanged)|vanish(?:es|ing)?|cancels?(?: out)?"
        r"|weightless|empty|free(?: of charge)?|absent|not at all",
        "0",
    ),
    _value(r"balanced|in equilibrium|neutral|uncharged", "0", CHARGE),
    _value(r"at rest|stationary|motionless|not moving", "0", MOTION),
    _value(r"never|impossible|no chance|cannot happen|can't happen", "0", CHANCE),
    _value(r"certain(?:ty|ly)?|sure|guaranteed|inevitable|always|definite(?:ly)?", "1", CHANCE),
    _value(
        r"evens?|even chance|even odds|fifty[ -]fifty|equally likely|a toss[ -]?up|coin (?:flip|toss)",
        "1/2",
        CHANCE,
    ),
    _value(r"perpendicular|orthogonal|right[ -]angled?|at right angles|normal", "90°"),
    _value(r"parallel|(?:in )?(?:the )?same direction|aligned|collinear", "0°", ANGLE),
    _value(r"anti-?parallel|(?:in )?opposite directions?|straight(?: angle| line)?", "180°", ANGLE),
    _value(r"(?:full|complete) (?:turn|circle|revolution|rotation)", "360°"),
    _value(r"half[ -]turn|semicircle", "180°", ANGLE),
    _value(r"infinite(?:ly many)?|infinity|unbounded|endless", r"\infty"),
    _value(r"penny", "1 cent"),
    _value(r"nickel", "5 cents"),
    _value(r"dime", "10 cents"),
    _value(r"quarter", "25 cents", MONEY),
    _value(r"quarter", "1/4"),
    _value(r"buck", "1 dollar"),
    _value(r"grand", "1000 dollars"),
    _value(r"(?:is |are )?doubled|doubles", "2", r"factor|times|how|change"),
    _value(r"(?:is |are )?tripled|triples", "3", r"factor|times|how|change"),
    _value(r"(?:is |are )?quadrupled|quadruples", "4", r"factor|times|how|change"),
    _value(r"(?:is |are )?halved|halves", "1/2", r"factor|times|how|change"),
]

# Words that may denote a number, in a text of more than MAX_FEW words.
NUMBER_WORD = re.compile(
    r"\b(?:zero|no\b|none|nil|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty"
    r"|forty"
    r"|fifty|sixty|seventy|eighty|ninety|hundred|thousand|[mb]illion|dozen|half|halves|first|second|third"
    r"|quarter"
    r"|\w+ths?\b|single|double\w*|triple\w*|twice|once|pair|pi\b|infinit|\w+teen|unity|both|nothing|free"
    r"|all|rest"
    r"|right|straight|empty|never|same|unchanged|vanish|constant|always|equal|century|decade|year|month"
    r"|week|day"
    r"|hour|minute|[IVXLCDM]{2,}\b|[零〇一二三四五六七八九十百千万两])|[零〇一二三四五六七八九十百千万两]",
    re.IGNORECASE,
)
# The vocabulary of talk about a task. A text of such words, at least one of them a TASK_WORD, states nothing.
TASK = (
    "analysis answer answers ai assistant begin calculate compute determine explanation explain lets "
    "let's let next null output problem proceed prompt question reasoning reference reply response "
    "result solution solutions solve solved solving start step steps student task think thinking "
    "thought thoughts understand respuesta solución solucion problema lösung antwort aufgabe réponse "
    "risposta soluzione resposta solução oplossing antwoord ответ решение 解 解答 答案 答え 解説 "
    "かいせつ 回答 思考 思考过程"
)
TASK_WORDS = frozenset(TASK.split())
FILLER = (
    "a about am an and as be below by can carefully correct detailed do final find first follow for "
    "get give given go here how i in is it look me model my need now of on our process right same see "
    "should so the then therefore this through thus to true us use using want way we what will with "
    "work you your el la le die der das"
)
FILLERS = frozenset(FILLER.split())
PLAN = re.compile(
    r"(?:(?:sure|okay|ok|certainly|of course|alright|well|so|now|first|firstly)\b[,!. ]*)*"
    r"(?:let(?:['’]s| us| me)\b|to (?:solve|find|determine|answer|compute|calculate|get|evaluate"
    r"|understand)\b"
    r"|(?:we|i|you)(?:['’](?:ll|d|m|re))? (?:need|have|can|must|will|would|should|want|am|are|first|start"
    r"|begin|analy[sz]e|consider)\b"
    r"|as an ai\b|here is\b|step \w+\b|in this (?:problem|question|task)\b|(?:the|this) (?:question"
    r"|problem|task)\b"
    r"|solve\b|solution\b|thought process\b|think(?:ing)?\b)",
    re.IGNORECASE,
)
TASK_NOUN = re.compile(
    r"\b(?:problem|question|answer|solution|step|steps|equation|expression|formula|information|options?"
    r"|values?|task"
    r"|reasoning|carefully|approach|concept)\b",
    re.IGNORECASE,
)
NOT_GIVEN = re.compile(r"n\s?/\s?a|null|undefined value|not applicable", re.IGNORECASE)
VALUE_SIGN = re.compile(r"[\d=\\^$%]")


def value_of(text: str, question: str = "") -> str | None:
    """Return the value that a few plain words denote, if the question is about such a value; else None."""
    words = " ".join(text.split()).strip(" .!")
    if len(words.split()) > MAX_WORDS:
        return None
    for value in VALUES:
        if value.words.fullmatch(words) and (value.topic is None or value.topic.search(question[:2_000])):
            return value.value
    return None


def may_denote_value(text: str) -> bool:
    """Whether plain words may denote a value: a few words of any kind, or words for numbers among others."""
    return (len(text.split()) <= MAX_FEW or bool(NUMBER_WORD.search(text))) and not is_talk(text)


def is_talk(text: str) -> bool:
    """Whether a text only talks about the task and states nothing, as "Solution:" or "Let's think"."""
    if NOT_GIVEN.fullmatch(text.strip()):
        return True
    if VALUE_SIGN.search(text):
        return False
    if PLAN.match(text.lstrip("#*_ ")) and TASK_NOUN.search(text):
        return True
    words = re.findall(r"[^\W_]+(?:['’]\w+)?", text.casefold())
    return any(word in TASK_WORDS for word in words) and all(word in TASK_WORDS | FILLERS for word in words)
