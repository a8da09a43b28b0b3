"""The expressions in an exported program that PyTorch evaluates: sizes, and conditions on sizes."""

from __future__ import annotations

import ast
import re

_SYMBOL = re.compile(r"[a-z]{1,3}\d+")
_TEXT = re.compile(r"[\w.+\-]*", re.ASCII)
_OF_TEXT = {"Symbol", "Float", "Integer"}
_FUNCTIONS = {
    *_OF_TEXT,
    *("Abs", "Add", "Max", "Min", "Mod", "Mul", "Pow", "Rational", "max", "min"),
    *("And", "Not", "Or", "Eq", "Ge", "Gt", "Le", "Lt", "Ne", "Equality", "Unequality"),
    *("GreaterThan", "LessThan", "StrictGreaterThan", "StrictLessThan", "Where", "Identity"),
    *("CeilDiv", "CleanDiv", "FloorDiv", "FloatTrueDiv", "IntTrueDiv", "PythonMod", "ModularIndexing"),
    *("FloatPow", "PowByNatural", "LShift", "RShift", "IsNonOverlappingAndDenseIndicator"),
    *("CeilToInt", "FloorToInt", "RoundDecimal", "RoundToInt", "ToFloat", "TruncToFloat", "TruncToInt"),
}
_NAMES = {"true", "false", "True", "False", "oo", "int_oo"}
_OF_TENSORS = {"size", "stride", "storage_offset"}
_STRUCTURE = (
    ast.Expression,
    ast.Load,
    ast.BinOp,
    ast.UnaryOp,
    ast.BoolOp,
    ast.Compare,
    ast.operator,
    ast.unaryop,
    ast.boolop,
    ast.cmpop,
)


def is_shape(text: str) -> bool:
    """Whether a text is arithmetic on numbers and symbols, such as `Mul(Integer(8), Symbol('s28', integer=True))`."""
    tree = _parsed(text)
    return tree is not None and _is_arithmetic(tree)


def is_guard(text: str) -> bool:
    """Whether a text compares sizes of inputs, such as `L['x'].size()[0] <= 64`."""
    tree = _parsed(text)
    return tree is not None and _is_arithmetic(tree, guards=True)


def _parsed(text: str) -> ast.AST | None:
    try:
        return ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_arithmetic(node: ast.AST, *, guards: bool = False) -> bool:  # noqa: PLR0911 - one answer a form
    match node:
        case ast.Constant(value=value):
            return isinstance(value, (int, float))
        case ast.Name(id=name):
            return name in _NAMES or _SYMBOL.fullmatch(name) is not None
        case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(text)), *_], keywords=keywords):
            plain = len(node.args) == 1 and all(isinstance(each.value, ast.Constant) for each in keywords)
            return name in _OF_TEXT and plain and _TEXT.fullmatch(text) is not None
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords):
            return (
                name in _FUNCTIONS and not keywords and all(_is_arithmetic(each, guards=guards) for each in arguments)
            )
        case ast.Call(func=ast.Attribute(value=value, attr=name), args=[], keywords=[]) if guards:
            return name in _OF_TENSORS and _is_input(value)
        case ast.Subscript(value=ast.Call() as call, slice=ast.Constant(value=int())) if guards:
            return _is_arithmetic(call, guards=True)
        case _ if isinstance(node, _STRUCTURE):
            return all(_is_arithmetic(child, guards=guards) for child in ast.iter_child_nodes(node))
        case _:
            return False


def _is_input(node: ast.AST) -> bool:
    """Whether a node names an input, such as `L['x']` or `L['batch']['tokens'][0]`."""
    match node:
        case ast.Subscript(value=value, slice=ast.Constant(value=str(key))):
            return _TEXT.fullmatch(key) is not None and _is_input(value)
        case ast.Subscript(value=value, slice=ast.Constant(value=int())):
            return _is_input(value)
        case ast.Name(id="L"):
            return True
        case _:
            return False
