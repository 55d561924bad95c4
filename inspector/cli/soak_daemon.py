"""The daemon of a soak: ``inspector``, with what is to be planted into it, and an end when the soak has ended.

python -m inspector.cli.soak_daemon run -c line.yaml
"""

from __future__ import annotations

if __name__ == "__main__":
    from inspector.cli.app import main
    from inspector.soak.children import follow_parent
    from inspector.soak.planting import plant_in_daemon

    follow_parent()
    plant_in_daemon()
    main()
