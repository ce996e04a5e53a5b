"""Before the tests: get Chromium where that is possible, else say how. The browser tests need it."""

import os
import shutil
import subprocess
import sys

BROWSER = "chromium"
HOW = f"""
Chromium is missing, so the browser tests are skipped (with CI set they fail). To get it:
  Debian, Ubuntu   sudo apt-get install {BROWSER} fonts-noto-cjk
  others           any package that puts `{BROWSER}` on the PATH
"""


def main() -> None:
    """Install Chromium as root on a machine with apt, or print how to."""
    if shutil.which(BROWSER):
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("Installing Chromium for the browser tests …")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ["apt-get", "update"],
            ["apt-get", "install", "-y", "--no-install-recommends", BROWSER, "fonts-noto-cjk"],
        ):
            subprocess.run(command, check=False, env=environment, timeout=600, **quiet)
    if not shutil.which(BROWSER):
        print(HOW, file=sys.stderr)


if __name__ == "__main__":
    main()
