"""``inspector`` as a process of the demo, which ends when the demo is gone.

python -m inspector.cli.demo_parts.child PID run -c line.yaml
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from inspector.cli.app import main
    from inspector.soak.children import follow_parent

    follow_parent(int(sys.argv.pop(1)))
    main()
