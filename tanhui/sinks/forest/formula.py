"""Printed formulas turned into sums of power laws.

``W=a*D^b``, ``ln(W)=a+b*ln(D^2*H)``, ``W=a+b*D`` or ``W=stem+branch+leaf``: one small reader understands every form
in the library and every form a user may bring, so no equation needs code of its own. Letters that are neither D, H,
rho nor a coefficient are other equations (the organs of a sum).
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from tanhui.kernel.errors import InputError
from tanhui.sinks.forest.model import Term

__all__ = ["parse_formula", "scaled"]

#: The variables of a formula and the place of their exponent.
VARIABLES = {"D": Term(0.0, d=1.0), "H": Term(0.0, h=1.0), "rho": Term(0.0, r=1.0)}
Parts = Callable[[str], tuple[Term, ...]]


class _NoPowerLaw(Exception):
    """A part of a formula that is no sum of power laws; told to people as ``forest.formula``."""


def parse_formula(
    formula: str, coefficients: Mapping[str, float] | None = None, parts: Parts | None = None
) -> tuple[Term, ...]:
    """The terms of a printed formula.

    Parameters
    ----------
    formula : str
        ``W=...``, ``V=...``, ``ln(W)=...`` or ``log10(W)=...`` in D, H, rho with ``^`` for powers.
    coefficients : mapping, optional
        Values of the letters in it.
    parts : callable, optional
        Gives the terms of another equation by the name the formula uses for it.

    Raises
    ------
    InputError
        ``forest.formula``, if it is not a sum of power laws.
    """
    try:
        left, right = formula.replace("^", "**").split("=", 1)
        tree = ast.parse(right.strip(), mode="eval").body
        reader = _Reader(dict(coefficients or {}), parts)
        match left.replace(" ", ""):
            case "W" | "V":
                return reader.terms(tree)
            case "ln(W)" | "ln(V)":
                return (reader.exponent(tree, 1.0),)
            case "log10(W)" | "log10(V)" | "lg(W)" | "lg(V)":
                return (reader.exponent(tree, math.log(10)),)
            case other:
                raise _NoPowerLaw(other)
    except (_NoPowerLaw, SyntaxError, ValueError, KeyError, ZeroDivisionError, OverflowError) as error:
        raise InputError("forest.formula", formula=formula, detail=str(error)) from None


def scaled(terms: tuple[Term, ...], factor: float) -> tuple[Term, ...]:
    """The same terms times a positive factor, for example grams to kilograms."""
    return tuple(replace(term, intercept=term.intercept + math.log(factor)) for term in terms)


class _Reader:
    """Walks the tree of one formula."""

    def __init__(self, coefficients: Mapping[str, float], parts: Parts | None) -> None:
        self.coefficients = coefficients
        self.parts = parts

    def terms(self, node: ast.expr) -> tuple[Term, ...]:
        """A sum of power laws."""
        match node:
            case ast.BinOp(left, ast.Add(), right):
                return self.terms(left) + self.terms(right)
            case ast.BinOp(left, ast.Sub(), right):
                return self.terms(left) + tuple(replace(t, sign=-t.sign) for t in self.terms(right))
            case ast.BinOp(left, ast.Mult(), right):
                return tuple(_product(x, y) for x in self.terms(left) for y in self.terms(right))
            case ast.BinOp(left, ast.Div(), right):
                return tuple(_product(x, _power(self.single(right), -1.0)) for x in self.terms(left))
            case ast.BinOp(base, ast.Pow(), power):
                return (_power(self.single(base), self.number(power)),)
            case ast.UnaryOp(ast.USub(), operand):
                return tuple(replace(t, sign=-t.sign) for t in self.terms(operand))
            case ast.Call(ast.Name("exp"), [argument]):
                return (self.exponent(argument, 1.0),)
            case ast.Name(name) if name in VARIABLES:
                return (VARIABLES[name],)
            case ast.Name(name) if name not in self.coefficients and self.parts is not None:
                return self.parts(name)
        return (_constant(self.number(node)),)

    def single(self, node: ast.expr) -> Term:
        """One positive power law."""
        found = self.terms(node)
        if len(found) != 1 or found[0].sign < 0:
            raise _NoPowerLaw(ast.unparse(node))
        return found[0]

    def exponent(self, node: ast.expr, scale: float) -> Term:
        """exp(scale * node), where node is linear in logarithms."""
        value = self.linear(node)
        return Term(scale * value.intercept, scale * value.d, scale * value.h, scale * value.r)

    def linear(self, node: ast.expr) -> Term:
        """A linear form in ln D, ln H, ln rho: the numbers of a term before it is raised."""
        match node:
            case ast.BinOp(left, ast.Add(), right):
                return _sum(self.linear(left), self.linear(right), 1.0)
            case ast.BinOp(left, ast.Sub(), right):
                return _sum(self.linear(left), self.linear(right), -1.0)
            case ast.BinOp(left, ast.Mult(), ast.Call() as right):
                return _power(self.linear(right), self.number(left))
            case ast.UnaryOp(ast.USub(), operand):
                return _power(self.linear(operand), -1.0)
            case ast.Call(ast.Name("ln"), [argument]):
                return self.single(argument)
            case ast.Call(ast.Name("log10" | "lg"), [argument]):
                return _power(self.single(argument), 1 / math.log(10))
        return Term(self.number(node))

    def number(self, node: ast.expr) -> float:
        """A constant."""
        match node:
            case ast.Constant(value) if isinstance(value, (int, float)) and not isinstance(value, bool):
                return float(value)
            case ast.Name(name):
                return self.coefficients[name]
            case ast.UnaryOp(ast.USub(), operand):
                return -self.number(operand)
            case ast.BinOp(left, ast.Add(), right):
                return self.number(left) + self.number(right)
            case ast.BinOp(left, ast.Sub(), right):
                return self.number(left) - self.number(right)
            case ast.BinOp(left, ast.Mult(), right):
                return self.number(left) * self.number(right)
            case ast.BinOp(left, ast.Div(), right):
                return self.number(left) / self.number(right)
        raise _NoPowerLaw(ast.unparse(node))


def _constant(value: float) -> Term:
    if value == 0 or not math.isfinite(value):
        raise _NoPowerLaw(str(value))
    return Term(math.log(abs(value)), sign=math.copysign(1.0, value))


def _product(x: Term, y: Term) -> Term:
    return Term(x.intercept + y.intercept, x.d + y.d, x.h + y.h, x.r + y.r, x.sign * y.sign)


def _power(x: Term, power: float) -> Term:
    return Term(x.intercept * power, x.d * power, x.h * power, x.r * power)


def _sum(x: Term, y: Term, sign: float) -> Term:
    return Term(x.intercept + sign * y.intercept, x.d + sign * y.d, x.h + sign * y.h, x.r + sign * y.r)
