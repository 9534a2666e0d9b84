"""A service that does what it is told: `exit CODE`, `wait`, or `ignore` (to end)."""

import signal
import sys
import time

if sys.argv[1] == "exit":
    sys.exit(int(sys.argv[2]))
if sys.argv[1] == "ignore":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
