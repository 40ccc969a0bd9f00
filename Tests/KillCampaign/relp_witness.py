"""Stands between a sender and a receiver of RELP and knows what was acknowledged.

Passes on bytes as they come, reads the frames in them, and notes the number in each record. With
TLS it ends both connections itself: it is a server to the sender and a client to the receiver.
"""
import asyncio
import re
import ssl
import threading

NUMBER = re.compile(rb"feed line (\d+) end")


class Frames:
    """Cuts a stream of RELP into frames: `number SP command SP length [SP data] LF`."""

    HEAD = re.compile(rb"(\d+) (\w+) (\d+)")

    def __init__(self):
        self.rest = b""

    def feed(self, data):
        self.rest += data
        while head := self.HEAD.match(self.rest):
            if head.end() == len(self.rest):
                return  # The length may go on.
            count = int(head[3])
            begin = head.end() + (1 if count else 0)
            if len(self.rest) <= begin + count:
                return
            yield int(head[1]), head[2], self.rest[begin:begin + count]
            self.rest = self.rest[begin + count + 1:]


class Witness:
    """What was sent and acknowledged, by the numbers in the records.

    `sent` and `acknowledged` only grow; other threads may read them at any time.
    """

    def __init__(self, port, target, certificates=None):
        self.port, self.target = port, target
        self.sent, self.acknowledged = set(), set()
        # Records that wait for their answer, over all sessions.
        self.waiting = 0
        self.answers = 0
        # One past the highest number that was acknowledged.
        self.reached = 0
        self.server_tls = self.client_tls = None
        if certificates:
            self.server_tls = ssl.create_default_context(
                ssl.Purpose.CLIENT_AUTH, cafile=f"{certificates}/authority.pem")
            self.server_tls.load_cert_chain(
                f"{certificates}/server.pem", f"{certificates}/server.key")
            self.client_tls = ssl.create_default_context(cafile=f"{certificates}/authority.pem")
            self.client_tls.load_cert_chain(
                f"{certificates}/client.pem", f"{certificates}/client.key")
        self.listens = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self.serve()), daemon=True).start()
        if not self.listens.wait(10):
            raise RuntimeError("the witness does not listen")

    async def serve(self):
        server = await asyncio.start_server(
            self.session, "127.0.0.1", self.port, ssl=self.server_tls)
        self.listens.set()
        async with server:
            await server.serve_forever()

    async def session(self, from_sender, to_sender):
        names = {"ssl": self.client_tls, "server_hostname": "server.example"}
        try:
            from_receiver, to_receiver = await asyncio.open_connection(
                "127.0.0.1", self.target, **(names if self.client_tls else {}))
        except OSError:
            to_sender.transport.abort()
            return
        open_records = {}
        ways = [
            asyncio.ensure_future(self.forward(from_sender, to_receiver, open_records)),
            asyncio.ensure_future(self.back(from_receiver, to_sender, open_records))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        # What the receiver still says has to be heard: it may be an acknowledgement.
        to_receiver.close()
        await asyncio.wait(ways, timeout=5)
        for way in ways:
            way.cancel()
        to_sender.transport.abort()
        to_receiver.transport.abort()
        self.waiting -= len(open_records)

    async def forward(self, reader, writer, open_records):
        frames = Frames()
        try:
            while data := await reader.read(1 << 16):
                for number, command, record in frames.feed(data):
                    line = NUMBER.search(record) if command == b"syslog" else None
                    if line:
                        open_records[number] = int(line[1])
                        self.sent.add(int(line[1]))
                        self.waiting += 1
                writer.write(data)
                await writer.drain()
        except (OSError, ssl.SSLError):
            pass

    async def back(self, reader, writer, open_records):
        frames = Frames()
        try:
            while data := await reader.read(1 << 16):
                for number, command, answer in frames.feed(data):
                    if command != b"rsp" or number not in open_records:
                        continue
                    self.waiting -= 1
                    line = open_records.pop(number)
                    if answer.startswith(b"200"):
                        self.acknowledged.add(line)
                        self.answers += 1
                        self.reached = max(self.reached, line + 1)
                if not writer.is_closing():
                    writer.write(data)
                    await writer.drain()
        except (OSError, ssl.SSLError):
            pass
