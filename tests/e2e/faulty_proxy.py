"""A proxy between a controller and its API server that is a bad network and a worse server: by a seed it cuts, stalls and
delays, sends writes twice, ends watches, and answers 409, 410, 422, 429, 500, 503 and 504 instead of the server, before or
after the request has taken effect."""
import http.client
import http.server
import json
import random
import select
import socket
import ssl
import threading
import time

from fake_api_server import Listener

# How many of 100 requests meet which fault, in each kind of request.
WRITES = {"delay": 15, "stall": 2, "cut before": 5, "cut after": 5, "twice": 4, "409": 4, "422": 1, "429": 3, "500": 3,
          "503": 3, "504 after": 4, "500 after": 2}
READS = {"delay": 15, "stall": 2, "cut before": 4, "cut after": 4, "410": 2, "429": 3, "500": 3, "503": 3}
WATCHES = {"end": 30, "cut": 30, "gone": 10, "silent": 10}
REASONS = {409: "Conflict", 410: "Expired", 422: "Invalid", 429: "TooManyRequests", 500: "InternalError",
           503: "ServiceUnavailable", 504: "Timeout"}
STALL = 3  # seconds


class FaultyProxy:
    """`tls`: (certificate, key) of ours; then the server is reached by TLS, too."""

    def __init__(self, server_port, seed, tls=None):
        self.server_port, self.tls = server_port, tls
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.storm = threading.Event()
        self.storm.set()
        self.counts = {}  # by fault
        self.sockets = set()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                self.server_side = None
                with outer.lock:
                    outer.sockets.add(self.connection)

            def finish(self):
                with outer.lock:
                    outer.sockets.discard(self.connection)
                if self.server_side is not None:
                    self.server_side.close()
                super().finish()

            def log_message(self, *_):
                pass

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except (OSError, http.client.HTTPException):
                    self.close_connection = True

            def do_GET(self):
                outer.serve(self)

            do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

        self.http = Listener(("127.0.0.1", 0), Handler)
        self.http.handle_error = lambda *_: None  # a handshake that the controller gave up
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def calm(self):
        """No faults from now on. What is under way ends at once."""
        self.storm.clear()
        self.cut_all()

    def cut_all(self):
        with self.lock:
            for each in self.sockets:
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # closed already

    def close(self):
        self.calm()
        self.http.shutdown()
        self.http.server_close()

    def fault(self, odds):
        if not self.storm.is_set():
            return ""
        with self.lock:
            at = self.random.uniform(0, 100)
            for name, share in odds.items():
                at -= share
                if at < 0:
                    self.counts[name] = self.counts.get(name, 0) + 1
                    return name
        return ""

    def connect(self):
        if not self.tls:
            return http.client.HTTPConnection("127.0.0.1", self.server_port, timeout=60)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # our own server, on loopback
        return http.client.HTTPSConnection("127.0.0.1", self.server_port, context=context, timeout=60)

    def pause(self, seconds):
        end = time.monotonic() + seconds
        while self.storm.is_set() and time.monotonic() < end:
            time.sleep(0.02)

    def serve(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        is_watch = handler.command == "GET" and "watch=1" in handler.path
        if is_watch:
            return self.serve_watch(handler)
        fault = self.fault(READS if handler.command == "GET" else WRITES)
        code = int(fault[:3]) if fault[:3].isdigit() else 0
        if fault == "delay":
            with self.lock:
                seconds = self.random.uniform(0.01, 0.4)
            self.pause(seconds)
        elif fault == "stall":
            self.pause(STALL)
        if fault == "cut before" or self.has_left(handler):
            return self.cut(handler)
        if code and not fault.endswith("after"):
            return self.refuse(handler, code)
        if fault == "twice" and handler.command != "POST":
            self.ask(handler, body)
        answer, text = self.ask(handler, body)
        if fault == "cut after":
            return self.cut(handler)
        if code:
            return self.refuse(handler, code)
        handler.send_response(answer.status)
        for name in ("Content-Type", "Retry-After"):
            if answer.headers.get(name):
                handler.send_header(name, answer.headers[name])
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    @staticmethod
    def has_left(handler):
        """The controller does not wait for an answer any more: it was killed. What such a one has asked for is over, as it would
        be without a proxy; else its pods would come after its successor has looked."""
        return bool(select.select([handler.connection], [], [], 0)[0])

    def ask(self, handler, body):
        headers = {name: value for name, value in handler.headers.items() if name.lower() in
                   ("authorization", "accept", "content-type", "user-agent")}
        for _ in range(2):
            kept = handler.server_side is not None
            if not kept:
                handler.server_side = self.connect()
            try:
                handler.server_side.request(handler.command, handler.path, body or None, headers)
                answer = handler.server_side.getresponse()
                return answer, answer.read()
            except (OSError, http.client.HTTPException):
                handler.server_side.close()
                handler.server_side = None
                if not kept:
                    raise
        raise OSError("the server closes each connection")

    @staticmethod
    def cut(handler):
        handler.close_connection = True
        try:
            handler.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the controller was quicker

    @staticmethod
    def refuse(handler, code):
        text = json.dumps({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code,
                           "reason": REASONS[code], "message": "a fault of the test"}).encode()
        handler.send_response(code)
        handler.send_header("Content-Type", "application/json")
        if code in (429, 503):
            handler.send_header("Retry-After", "1")
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    def serve_watch(self, handler):
        fault = self.fault(WATCHES)
        with self.lock:
            lines = self.random.randint(0, 30) if fault else -1
            seconds = self.random.uniform(0.2, 4)
        connection = self.connect()
        handler.close_connection = True
        try:
            headers = {name: handler.headers[name] for name in ("Authorization", "Accept") if handler.headers.get(name)}
            connection.request("GET", handler.path, headers=headers)
            answer = connection.getresponse()
            handler.send_response(answer.status)
            handler.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            self.pass_on(handler, connection, answer, fault, lines, seconds)
        finally:
            connection.close()

    def pass_on(self, handler, connection, answer, fault, lines, seconds):
        """Line by line, until the fault comes after so many lines or seconds."""
        begun = time.monotonic()
        if fault:
            connection.sock.settimeout(seconds)
        try:
            for line in answer:
                self.chunk(handler, line)
                lines -= 1
                if lines == 0 or (fault and time.monotonic() - begun > seconds):
                    break
            else:
                return handler.wfile.write(b"0\r\n\r\n")
        except TimeoutError:
            pass  # nothing came in that time
        if fault == "silent":
            self.pause(STALL)
        elif fault == "gone":
            status = {"kind": "Status", "status": "Failure", "code": 410, "reason": "Expired", "message": "a fault of the test"}
            self.chunk(handler, json.dumps({"type": "ERROR", "object": status}).encode() + b"\n")
        if fault in ("end", "gone"):
            return handler.wfile.write(b"0\r\n\r\n")
        self.cut(handler)

    @staticmethod
    def chunk(handler, text):
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
