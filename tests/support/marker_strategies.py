"""Markers of every shape that Poetry's grammar allows, and some that it refuses."""

from __future__ import annotations

from hypothesis import strategies as st

_PYTHONS = ("3", "3.8", "3.9", "3.10", "3.11", "3.13", "3.10.0", "3.11.0", "3.11.4")
_ODD_PYTHONS = ("3.10.*", "3.11.0a6", "3.11.0rc1", "3.11rc1", "3.13.0b1", "4", "2.7")
_RELEASES = ("5", "5.10", "5.10.0-28-amd64", "6.8", "10", "23.6.0")
_ODD_VALUES = ("", " ", "*", "tegra", "3.x", "linux,darwin", "a || b", "x y z", "1.0+cpu", "é")
_EXTRAS = ("a", "b", "A_b", "a-b", "c.d")

VALUES: dict[str, tuple[str, ...]] = {
    "python_version": (*_PYTHONS, *_ODD_PYTHONS),
    "python_full_version": (*_PYTHONS, *_ODD_PYTHONS),
    "platform_release": _RELEASES,
    "platform_version": ("10.0.19045", "Debian", "#1 SMP"),
    "implementation_name": ("cpython", "pypy"),
    "implementation_version": ("3.9", "3.11.0", "7.3"),
    "os_name": ("posix", "nt", "java"),
    "platform_machine": ("x86_64", "aarch64", "arm64", "AMD64"),
    "platform_python_implementation": ("CPython", "PyPy", "Jython"),
    "platform_system": ("Linux", "Darwin", "Windows"),
    "sys_platform": ("linux", "darwin", "win32", "cygwin"),
    "extra": _EXTRAS,
    # The spellings of before PEP 508.
    "os.name": ("posix", "nt"),
    "sys.platform": ("linux", "win32"),
    "platform.version": ("Debian",),
    "platform.machine": ("x86_64", "arm64"),
    "platform.python_implementation": ("CPython", "PyPy"),
    "python_implementation": ("CPython", "PyPy"),
}
EQUALITY = ("==", "!=")
ORDER = ("<", "<=", ">", ">=", "~=", "===")
MEMBERSHIP = ("in", "not in")
EXTRAS = st.frozensets(st.sampled_from(("a", "b", "a-b", "c-d")))


@st.composite
def leaves(draw: st.DrawFn) -> str:
    """One comparison that a lock may well hold."""
    name = draw(st.sampled_from(sorted(VALUES)))
    values = VALUES[name]
    if name == "extra":
        return f'{name} {draw(st.sampled_from(EQUALITY))} "{draw(st.sampled_from(values))}"'
    shape = draw(st.sampled_from(["plain", "plain", "list", "swapped"]))
    if shape == "list":
        separator = draw(st.sampled_from([" ", ", ", ",", "|"]))
        listed = separator.join(draw(st.lists(st.sampled_from(values), min_size=1, max_size=3)))
        return f'{name} {draw(st.sampled_from(MEMBERSHIP))} "{listed}"'
    value = draw(st.sampled_from(values))
    if shape == "swapped" and name not in {"python_version", "python_full_version"}:
        # A part that is no value elsewhere: poetry-core takes `'5' in x` and `x in "5"` for equal,
        # and answers one with what it remembers of the other.
        return f"'{value[1:] or '.'}' {draw(st.sampled_from(MEMBERSHIP))} {name}"
    ordered = name in {"python_version", "python_full_version", "platform_release"}
    return f'{name} {draw(st.sampled_from(EQUALITY + (ORDER if ordered else ())))} "{value}"'


@st.composite
def odd_leaves(draw: st.DrawFn) -> str:
    """One comparison, sensible or not: any operator, any value, either order, any spacing."""
    name = draw(st.sampled_from([*sorted(VALUES), "python", "extras", "sys_platforms"]))
    value = draw(st.sampled_from([*VALUES.get(name, ("x",)), *_ODD_VALUES]))
    quote = draw(st.sampled_from(["'", '"', '"', ""]))
    operator = draw(st.sampled_from([*EQUALITY, *ORDER, *MEMBERSHIP, "not  in", "=", "<>"]))
    parts = [name, operator, f"{quote}{value}{quote}"]
    if draw(st.booleans()):
        parts.reverse()
    return draw(st.sampled_from([" ", " ", "", "\t", "\n"])).join(parts)


def markers(leaf: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """`leaf`s joined by and, or and parentheses."""
    return st.recursive(leaf, _joined, max_leaves=5)


@st.composite
def _joined(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    parts = draw(st.lists(inner, min_size=2, max_size=3))
    text = parts[0]
    for part in parts[1:]:
        text += f" {draw(st.sampled_from(['and', 'or']))} {part}"
    return f"({text})" if draw(st.booleans()) else text
