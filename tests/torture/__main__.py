"""`python -m tests.torture [NAME]`: one harness, or all of them.

Takes the name of a harness, sizes, a seed and limits. Gives 0 when every limit holds, else 1.
Refuses (2) names and limits that it does not know.
"""

import sys

from tests.torture.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
