"""Parses mathematical expressions, LaTeX or plain text, into trees. Never runs them as code.

A tree is a nested tuple whose first element is the node kind:

    ("number", Fraction)    ("name", "x_1")    ("constant", "pi")    (operator or function, tree, ...)

The text must come from `normalise`. Unreadable is raised for ambiguous text, such as "1/2x", and for
text that is not mathematics.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

from gr_toolkit.verify.reading.tokens import CONSTANTS, FUNCTIONS, SPELT, Unreadable, tokens

MAX_CHARS = 800
MAX_TOKENS = 300
MAX_DEPTH = 40

Tree = tuple["str | Fraction | Tree", ...]

LOG_BASES = [["2", "("], ["10", "("]]  # the tokens after "log" in log2(x) and log10(x)
ACCENTS = frozenset({"\\hat", "\\bar", "\\dot", "\\ddot", "\\tilde"})
INVERSES = {"sin": "arcsin", "cos": "arccos", "tan": "arctan"}
CALLED = frozenset("fghFGH")  # names of functions: f(x) is a function of x, but x(x+1) is a product
OPENING = {"(": ")", "{": "}", "[": "]", "\\{": "\\}", "\\lfloor": "\\rfloor", "\\lceil": "\\rceil"}


@lru_cache(maxsize=4096)
def read(text: str) -> Tree:
    """Parse a normalised expression into a tree. Raises Unreadable if ambiguous, too long or malformed."""
    if len(text) > MAX_CHARS:
        raise Unreadable("too long")
    parser = Parser(list(tokens(text)))
    if len(parser.tokens) > MAX_TOKENS:
        raise Unreadable("too long")
    tree = parser.sum()
    if parser.next:
        raise Unreadable(f"unexpected {parser.next}")
    return tree


class Parser:
    """A recursive-descent parser over tokens."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.position = 0
        self.depth = 0

    @property
    def next(self) -> str:
        """The next token, not yet consumed; empty at the end."""
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        """Consume the next token and return it. Raises Unreadable at the end."""
        token = self.next
        if not token:
            raise Unreadable("unexpected end of the text")
        self.position += 1
        return token

    def expect(self, token: str) -> None:
        """Consume the next token. Raises Unreadable if it is not `token`."""
        if self.take() != token:
            raise Unreadable(f"expected {token}")

    def sum(self) -> Tree:
        """Parse terms joined by + and -."""
        tree = self.signed(self.product)
        while self.next in ("+", "-"):
            operator = "add" if self.take() == "+" else "subtract"
            tree = (operator, tree, self.signed(self.product))
        return tree

    def signed(self, operand: Callable[[], Tree]) -> Tree:
        """Parse an operand with at most one sign before it."""
        sign = self.take() if self.next in ("+", "-") else ""
        if self.next in ("+", "-"):
            raise Unreadable("two signs in a row")
        tree = operand()
        return ("negate", tree) if sign == "-" else tree

    def product(self) -> Tree:
        """Parse factors joined by *, /, : or nothing."""
        tree = self.power()
        divided = ratio = False
        while True:
            if self.next in ("*", "/", ":"):
                if ratio:
                    raise Unreadable("an operator after a ratio")
                ratio = self.next == ":"
                operator = "multiply" if self.take() == "*" else "divide"
                tree = (operator, tree, self.signed(self.power))
                divided = operator == "divide"
            elif self.starts_factor():
                if divided:
                    raise Unreadable("a/bc may be (a/b)c or a/(bc)")
                tree = ("multiply", tree, self.power())
            else:
                return tree

    def starts_factor(self) -> bool:
        """Whether the next token can follow a factor without an operator, like x in 2x; a number cannot."""
        token = self.next
        if token[:1].isalpha() or token in ("(", "{", "["):
            return True
        return (
            token.startswith("\\") and token[1:] not in ("}", "rfloor", "rceil", "right") and token != "\\{"
        )

    def power(self) -> Tree:
        """Parse a factor and any exponents and factorial, degree and percent signs after it."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unreadable("nested too deeply")
        tree = self.atom()
        while self.next in ("!", "°", "%", "^"):
            token = self.take()
            if token == "^":
                tree = ("power", tree, self.exponent(tree))
            else:
                tree = ({"!": "factorial", "°": "degrees", "%": "percent"}[token], tree)
        self.depth -= 1
        return tree

    def exponent(self, base: Tree | None = None) -> Tree:
        """Parse an exponent: one group, or one signed factor that may have an exponent itself."""
        if self.next == "{":
            return self.group()
        negative = self.next == "-"
        tree = self.signed(self.power)
        if (negative or base in (("constant", "e"), ("number", Fraction(2)))) and self.starts_factor():
            raise Unreadable("the exponent may end before or after the next factor")
        return tree

    def group(self) -> Tree:
        """Parse a bracketed sum."""
        opened = self.take()
        if opened not in OPENING:
            raise Unreadable(opened)
        tree = self.sum()
        self.expect(OPENING[opened])
        return tree

    def atom(self) -> Tree:
        """Parse a number, a name, a bracket, a fraction, a root or a function with its argument."""
        token = self.next
        if token in ("(", "{", "["):
            return self.group()
        if token in ("\\lfloor", "\\lceil"):
            return ("floor" if token == "\\lfloor" else "ceiling", self.group())
        self.take()
        if token[0].isdigit() or token[0] == ".":
            return self.number(token)
        if token == "|":
            tree = self.sum()
            self.expect("|")
            return ("abs", tree)
        word = token.removeprefix("\\")
        if token in ACCENTS:  # \\hat{p} is a name
            return self.accented(word)
        if word in FUNCTIONS:
            return self.function(word)
        if token in ("\\frac", "\\binom"):
            return ("divide" if token == "\\frac" else "binomial", self.argument(), self.argument())
        if word in CONSTANTS and self.next != "_":
            return ("constant", CONSTANTS[word])
        if (token.startswith("\\") and word not in SPELT) or not word[:1].isalpha():
            raise Unreadable(token)
        return self.name(word)

    def accented(self, accent: str) -> Tree:
        """Parse a name under an accent, which makes another name of it."""
        name = self.argument()
        if name[0] != "name":
            raise Unreadable(accent)
        return ("name", f"{accent} {name[1]}")

    def number(self, digits: str) -> Tree:
        """Parse a literal and any fraction after it: 2\\frac{1}{2} and 2 1/2 are two and a half."""
        tree: Tree = ("number", Fraction(digits))
        before = self.tokens[self.position - 2] if self.position > 1 else "+"
        if "." in digits or before not in ("+", "-", "(", "{", "[", "|"):
            if self.next == " ":
                raise Unreadable("two numbers in a row")
            return tree
        ahead = self.tokens[self.position : self.position + 7]
        if len(ahead) > 3 and ahead[0] + ahead[2] == " /" and ahead[1].isdigit() and ahead[3].isdigit():
            self.position += 4
            return ("add", tree, ("divide", ("number", Fraction(ahead[1])), ("number", Fraction(ahead[3]))))
        parts = [token for token in ahead[1:] if token.isdigit()]
        if ahead[:1] == ["\\frac"] and "".join(ahead[1:]) == "{" + "}{".join(parts) + "}" and len(parts) == 2:
            self.take()
            return ("add", tree, ("divide", self.argument(), self.argument()))
        if self.next == " ":
            raise Unreadable("two numbers in a row")
        return tree

    def argument(self) -> Tree:
        """Parse a LaTeX command's argument: a group, or one digit or letter (\\frac12 is a half)."""
        if self.next == " ":
            self.take()
        if self.next == "{":
            return self.group()
        if not self.next.isdigit():
            return self.atom()
        self.tokens[self.position : self.position + 1] = list(self.next)
        return ("number", Fraction(self.take()))

    def name(self, word: str) -> Tree:
        """Parse a variable with its index, or an unknown function with its arguments."""
        if self.next == "_":
            self.take()
            word += "_" + self.index()
        if word[0] in CALLED and self.next == "(":
            return ("call", word, *self.arguments())
        return ("name", word)

    def index(self) -> str:
        """Parse a subscript and return it as text."""
        if self.next != "{":
            return self.take()
        depth, parts = 1, [self.take()]
        while depth:
            parts.append(self.take())
            depth += {"{": 1, "}": -1}.get(parts[-1], 0)
        return "".join(parts[1:-1]).removeprefix("\\")

    def arguments(self) -> list[Tree]:
        """Parse a bracketed list of arguments."""
        self.expect("(")
        trees = [self.sum()]
        while self.next == ",":
            self.take()
            trees.append(self.sum())
        self.expect(")")
        return trees

    def function(self, word: str) -> Tree:
        """Parse a function such as sin or log, with its base, exponent and argument."""
        if word in ("min", "max"):
            return (word, *self.arguments())
        if word == "sqrt":
            return self.root()
        base: Tree | None = None
        if word == "log" and self.next == "_":
            self.take()
            base = self.argument()
        exponent: Tree | None = None
        if self.next == "^":
            self.take()
            exponent = self.exponent()
        if exponent == ("negate", ("number", Fraction(1))) and word in INVERSES:
            word, exponent = INVERSES[word], None
        if word == "log" and base is None and self.tokens[self.position : self.position + 2] in LOG_BASES:
            base = ("number", Fraction(self.take()))
        bracketed = self.next == "("
        inside = self.operand()
        tree: Tree = (word, inside) if base is None else ("logarithm", base, inside)
        if bracketed and self.next == "^" and exponent is None:  # sin(x)^2 is the square of the sine
            self.take()
            exponent = self.exponent()
        return tree if exponent is None else ("power", tree, exponent)

    def root(self) -> Tree:
        """Parse a square root, or a root with its degree in brackets."""
        if self.next != "[":
            if self.next in OPENING:
                return ("sqrt", self.group())
            inside = self.power()
            if self.starts_factor():
                raise Unreadable("the root may end before or after the next factor")
            return ("sqrt", inside)
        degree = self.group()
        return ("root", degree, self.argument())

    def operand(self) -> Tree:
        """Parse a function's argument: a bracketed expression, or a product of factors without operators."""
        if self.next == " ":
            self.take()
        if self.next in ("(", "[", "{", "|"):
            return self.atom()
        sign = self.next == "-"
        if sign:
            self.take()
        tree = self.power()
        while (
            self.starts_factor()
            and self.next not in ("(", "[")
            and self.next.removeprefix("\\") not in FUNCTIONS
        ):
            tree = ("multiply", tree, self.power())
        if self.next == "/" and tree[0] in ("constant", "multiply", "number", "name", "divide"):
            raise Unreadable("the argument may end before or after the /")
        return ("negate", tree) if sign else tree
