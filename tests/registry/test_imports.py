"""Checking a certificate needs no database library, so that it starts fast."""

import subprocess
import sys


def test_verification_does_not_load_the_database_library():
    code = "import sys, tanhui.registry.verify; sys.exit('sqlalchemy' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
