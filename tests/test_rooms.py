from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import crisiscomms

HOME = Path(__file__).resolve().parent.parent
MODULES = sorted((HOME / "crisiscomms").rglob("*.py"))


def test_public_names_can_be_imported():
    for name in crisiscomms.__all__:
        assert getattr(crisiscomms, name) is not None


def test_help_imports_nothing_heavy():
    """Help must be there at once: what only some verbs need is imported when they run."""
    code = "import sys; sys.argv = ['crisiscomms', '--help']\nfrom crisiscomms.__main__ import main\ntry:\n    main()\nexcept SystemExit:\n    pass\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HOME)
    loaded = set(done.stdout.split())
    assert not loaded & {
        "pydantic",
        "jinja2",
        "yaml",
        "sqlalchemy",
        "tweepy",
        "babel",
        "markdown",
        "keyring",
        "rich.console",
        "requests",
        "css_inline",
        "feedparser",
    }
    assert {name for name in loaded if name.startswith("crisiscomms.")} == {
        "crisiscomms.__main__",
        "crisiscomms.cli",
        "crisiscomms.cli.app",
    }


def test_check_imports_no_database_no_channel_clients_and_no_parser_of_markdown(example):
    code = f"import sys; sys.argv = ['crisiscomms', 'check', 'checkout-outage', '-C', {str(example)!r}, '--now', '2026-11-18 16:25']\nfrom crisiscomms.__main__ import main\ntry:\n    main()\nexcept SystemExit:\n    pass\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HOME)
    assert "1 record checked" in done.stdout
    loaded = set(done.stdout.split())
    assert not loaded & {
        "sqlalchemy",
        "tweepy",
        "keyring",
        "rich.console",
        "requests",
        "feedparser",
        "twitter_text",
        "feedgenerator",
        "icalendar",
        "resvg_py",
        "email.parser",
        "markdown",
    }


def test_a_module_can_be_read_in_one_sitting():
    long = {
        str(path.relative_to(HOME)): count
        for path in MODULES
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert not long


def test_a_function_can_be_seen_at_once():
    long = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                body = node.end_lineno - node.body[0].lineno + 1
                if body > 45:
                    long.append(f"{path.relative_to(HOME)}:{node.lineno} {node.name} {body}")
    assert not long


def test_no_words_for_readers_in_python():
    """Prose stands in templates: no sentence of a template is repeated in code, and no code says sorry to readers."""
    for room in ("messages", "website", "channels"):
        for path in (HOME / "crisiscomms" / room).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Constant)
                    and isinstance(node.value, str)
                    and re.search(r"\b[Ww]e are sorry\b|tut uns leid", node.value)
                ):
                    assert node.value == (ast.get_docstring(node) if isinstance(node, ast.Module) else ""), (
                        f"{path.name}:{node.lineno}"
                    )
