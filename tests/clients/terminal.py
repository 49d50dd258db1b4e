"""Runs a program that wants a terminal on one where nobody types: PROGRAM ARGUMENTS."""
import os
import pty
import sys

sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
