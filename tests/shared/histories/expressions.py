"""DynamoDB's condition and update expressions as Python functions. Others than these raise NotImplementedError.

Paths are top-level attributes. The functions take an item, the names and the values of the placeholders.
"""

import re
from decimal import Decimal
from functools import lru_cache

_TOKEN = re.compile(r"\s*([#:]?[A-Za-z0-9_]+|<>|<=|>=|[=<>(),+-])")
_COMPARED = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
_CLAUSES = {"SET", "REMOVE", "ADD", "DELETE"}


def _tokens(text):
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if not match:
            raise NotImplementedError(text[at:])
        found.append(match[1])
        at = match.end()
    return found


def _plain(attribute):
    """A value that compares like the attribute, with its type."""
    if attribute is None:
        return None
    ((kind, value),) = attribute.items()
    return kind, Decimal(value) if kind == "N" else value


def _compare(sign, left, right):
    if left is None or right is None:
        return sign == "<>" and left is not right
    if sign in ("=", "<>"):
        return _COMPARED[sign](left, right)
    return left[0] == right[0] and _COMPARED[sign](left[1], right[1])


class _Parser:
    def __init__(self, text):
        self.text, self.rest = text, _tokens(text)

    def next(self, *expected):
        token = self.rest.pop(0)
        if expected and token.upper() not in expected:
            raise NotImplementedError(self.text)
        return token

    def sees(self, *words):
        return bool(self.rest) and self.rest[0].upper() in words

    def any(self):
        terms = [self.all()]
        while self.sees("OR"):
            self.next()
            terms.append(self.all())
        return terms[0] if len(terms) == 1 else lambda *given: any(term(*given) for term in terms)

    def all(self):
        terms = [self.one()]
        while self.sees("AND"):
            self.next()
            terms.append(self.one())
        return terms[0] if len(terms) == 1 else lambda *given: all(term(*given) for term in terms)

    def one(self):
        if self.sees("NOT"):
            self.next()
            term = self.one()
            return lambda *given: not term(*given)
        if self.sees("("):
            self.next()
            inner = self.any()
            self.next(")")
            return inner
        if len(self.rest) > 1 and self.rest[1] == "(":
            return self._function()
        return self._comparison(self.operand())

    def _function(self):
        name, arguments = self.next(), self.arguments()
        if name == "attribute_exists":
            return lambda *given: arguments[0](*given) is not None
        if name == "attribute_not_exists":
            return lambda *given: arguments[0](*given) is None
        if name == "begins_with":
            return lambda *given: _begins(*(each(*given) for each in arguments))
        if name == "contains":
            return lambda *given: _contains(*(each(*given) for each in arguments))
        raise NotImplementedError(self.text)

    def arguments(self):
        self.next("(")
        found = [self.operand()]
        while self.sees(","):
            self.next()
            found.append(self.operand())
        self.next(")")
        return found

    def _comparison(self, left):
        sign = self.next()
        if sign.upper() == "BETWEEN":
            low = self.operand()
            self.next("AND")
            high = self.operand()
            return lambda *given: (
                _compare(">=", _plain(left(*given)), _plain(low(*given)))
                and _compare("<=", _plain(left(*given)), _plain(high(*given)))
            )
        if sign.upper() == "IN":
            allowed = self.arguments()
            return lambda *given: any(_plain(left(*given)) == _plain(each(*given)) for each in allowed)
        if sign not in _COMPARED:
            raise NotImplementedError(self.text)
        right = self.operand()
        return lambda *given: _compare(sign, _plain(left(*given)), _plain(right(*given)))

    def operand(self):
        token = self.next()
        if token.startswith(":"):
            return lambda _item, _names, values: values[token]
        if not re.fullmatch("#?[A-Za-z0-9_]+", token):
            raise NotImplementedError(self.text)
        return lambda item, names, _values: item.get(names.get(token, token))

    def value(self):
        """The right side of an assignment."""
        left = self._term()
        if not self.sees("+", "-"):
            return left
        sign, right = self.next(), self._term()
        factor = 1 if sign == "+" else -1
        return lambda *given: {"N": str(_number(left(*given)) + factor * _number(right(*given)))}

    def _term(self):
        if len(self.rest) > 1 and self.rest[1] == "(":
            name, (first, second) = self.next(), self.arguments()
            if name == "if_not_exists":
                return lambda *given: second(*given) if first(*given) is None else first(*given)
            if name == "list_append":
                return lambda *given: {"L": first(*given)["L"] + second(*given)["L"]}
            raise NotImplementedError(self.text)
        return self.operand()

    def actions(self):
        clause, found = "", []
        while self.rest:
            if self.rest[0].upper() in _CLAUSES:
                clause = self.next().upper()
            else:
                self.next(",")
            found.append(self._action(clause))
        return found

    def _action(self, clause):
        target = self.next()
        if clause == "SET":
            self.next("=")
            value = self.value()
            return lambda old, new, names, values: new.__setitem__(names.get(target, target), value(old, names, values))
        if clause == "REMOVE":
            return lambda _old, new, names, _values: new.pop(names.get(target, target), None)
        value = self.operand()
        if clause == "ADD":
            return lambda old, new, names, values: new.__setitem__(
                names.get(target, target), _added(old.get(names.get(target, target)), value(old, names, values))
            )
        raise NotImplementedError(self.text)


def _number(attribute):
    return Decimal(attribute["N"])


def _added(old, more):
    if "N" not in more:
        raise NotImplementedError("ADD to a set")
    return {"N": str(_number(old or {"N": "0"}) + _number(more))}


def _begins(text, start):
    return bool(text) and "S" in text and text["S"].startswith(start["S"])


def _contains(whole, part):
    if not whole:
        return False
    return part["S"] in whole["S"] if "S" in whole else part in whole.get("L", [])


@lru_cache(2000)
def condition(text):
    """The condition as a function that says whether an item meets it."""
    parser = _Parser(text)
    found = parser.any()
    if parser.rest:
        raise NotImplementedError(text)
    return found


@lru_cache(2000)
def update(text):
    """The update as a function that changes an item, every value computed from the item as it was."""
    actions = _Parser(text).actions()

    def change(item, names, values):
        old = dict(item)
        for action in actions:
            action(old, item, names, values)

    return change
