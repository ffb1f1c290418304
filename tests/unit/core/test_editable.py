from __future__ import annotations

import pytest

from hybrid_install.core.editable import Launcher
from hybrid_install.errors import ProjectError


def test_a_launcher() -> None:
    launcher = Launcher.parse("acme = acme.cli:Class.main[fast]")
    assert launcher == Launcher("acme", "acme.cli", "Class.main")
    assert launcher.text("/env/bin/python") == (
        "#!/env/bin/python\n"
        "import sys\n"
        "from acme.cli import Class\n"
        "\n"
        "if __name__ == '__main__':\n"
        "    sys.exit(Class.main())\n"
    )


@pytest.mark.parametrize("reference", ["acme", "acme:main:more", ""])
def test_a_reference_that_is_none(reference: str) -> None:
    with pytest.raises(ProjectError, match=r"Bad script \(tool\)"):
        Launcher.parse(f"tool = {reference}")
