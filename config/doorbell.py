"""Celery's broker in a folder, for one machine: a message appears whole or not at all.

kombu's own transport opens a message's file under its final name and then writes it; a worker that looks in between
reads nothing, and stops for good. Here the file is written under another name and then renamed.
"""

import os
import tempfile
import time
import uuid

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    def _put(self, queue, payload, **kwargs):
        """Put `payload` onto `queue`. Names sort by time, as the reader takes the first."""
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        try:
            with tempfile.NamedTemporaryFile(dir=self.data_folder_out, prefix=".", delete=False) as file:
                file.write(str_to_bytes(dumps(payload)))
            os.replace(file.name, os.path.join(self.data_folder_out, name))
        except OSError as trouble:
            raise ChannelError(f"Cannot add {name!r} to {self.data_folder_out!r}") from trouble


class Transport(filesystem.Transport):
    Channel = Channel
