"""The tool for subtitle files: run as a script, behind the sandbox's walls. See orders.py."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path


def _find_ours() -> None:
    """Makes our packages known to a script: the walls let nobody look for them beside each other."""
    for name in ("connectors", "schemas"):
        folder = Path(__file__).parents[2] / name
        spec = spec_from_file_location(name, folder / "__init__.py", submodule_search_locations=[str(folder)])
        if spec is None or spec.loader is None:
            raise ImportError(name)
        sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])


if __name__ == "__main__":
    _find_ours()
    from connectors.subtitles.orders import main

    main(sys.argv[1:])
