"""Types a line at an interactive shell, as a person does: text, Tab, Enter.

    type.py FOLDER SHELL SETUP TEXT…

Runs SHELL on a pseudo-terminal in FOLDER, has it read SETUP, types each TEXT with a Tab behind it,
and puts `show` before the line, which writes its arguments to FOLDER/shown, each in brackets.
"""

import os
import pty
import select
import sys
import time

folder, shell, setup, *texts = sys.argv[1:]
programs = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
# Of fish's own queries to the terminal none is answered; it goes on after a while.
child, terminal = pty.fork()
if child == 0:
    os.chdir(folder)
    os.environ.update(TERM="dumb" if shell == "fish" else "xterm", LC_ALL="C.UTF-8", HOME=folder)
    os.execvp(programs[shell][0], programs[shell])


def read(quiet):
    """What the shell writes until it is quiet for so many seconds."""
    seen = b""
    end = time.monotonic() + 20
    while time.monotonic() < end and select.select([terminal], [], [], quiet)[0]:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    return seen


def wait_for(name):
    end = time.monotonic() + 20
    while not os.path.exists(os.path.join(folder, name)):
        if time.monotonic() > end:
            sys.exit(f"{shell} did not write {name}; it said: {transcript!r}")
        read(0.05)


transcript = read(0.3)
os.write(terminal, setup.encode() + b"\r")
os.write(terminal, b"echo 1 >ready\r")
wait_for("ready")
transcript += read(0.3)
for text in texts:
    os.write(terminal, text.encode() + b"\t")
    transcript += read(1.2)
os.write(terminal, b"\x01show \x05\r")
wait_for("shown")
transcript += read(0.2)
sys.stdout.buffer.write(transcript)
os.close(terminal)
