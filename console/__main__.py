"""Django's own commands for the office.

`python -m console makemigrations`, `migrate`, `import_orders MONTH`.
"""

import os
import sys

from django.core.management import execute_from_command_line

from pipelines.store.files import keep_files_private

if __name__ == "__main__":
    keep_files_private()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    execute_from_command_line(sys.argv)
