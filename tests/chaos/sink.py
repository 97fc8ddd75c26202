"""python -m tests.chaos.sink PORT FILE SCRIPT: a mail server that writes down what it takes and misbehaves as told.

Each message taken is one line of FILE, its Message-ID, on the disk before the sender hears "250". SCRIPT is a JSON file
read anew for each message:

    delay     seconds each message takes        greylist  the first try of each message is refused, "not now"
    storm     every message is refused, "not now"
    drop      share of messages after which the line breaks: taken, but never acknowledged
    cut       share of messages at which the line breaks before anything was taken
    hang      share of messages that are never answered

A recipient whose address begins with "refused" is refused for ever.
"""

import asyncio
import json
import os
import random
import re
import sys
from pathlib import Path

from aiosmtpd.controller import Controller

MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)


class Handler:
    def __init__(self, taken, script):
        self.taken = open(taken, "a", buffering=1)  # noqa: SIM115 - open as long as the server
        self.script = Path(script)
        self.seen = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return "550 5.1.1 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message_id = MESSAGE_ID.search(envelope.original_content)[1].decode()
        script = json.loads(self.script.read_text())
        await asyncio.sleep(script.get("delay", 0))
        if script.get("storm"):
            return "451 4.3.2 too busy"
        if script.get("greylist") and message_id not in self.seen:
            self.seen.add(message_id)
            return "451 4.7.1 greylisted, come again"
        if random.random() < script.get("cut", 0):
            server.transport.abort()
            return "451 4.3.0 gone"
        if random.random() < script.get("hang", 0):
            await asyncio.sleep(3600)
        self.taken.write(f"{message_id} {','.join(envelope.rcpt_tos)}\n")
        os.fsync(self.taken.fileno())
        if random.random() < script.get("drop", 0):
            server.transport.abort()
        return "250 OK"


def main():
    port, taken, script = sys.argv[1:]
    controller = Controller(Handler(taken, script), hostname="127.0.0.1", port=int(port))
    controller.start()
    controller._thread.join()


if __name__ == "__main__":
    main()
