"""A UM-Bridge server in the standard library alone, made of sockets, that has the faults servers have.

    umbridge_peer.py [WART...]      prints its port, then serves until it is killed

Model "forward": inputs [2, 1], outputs [1, 2]: a + 2 b, then (a b, c) -- unless a wart changes it. Model "other" is
there as well. Every wart is a word of WARTS; "name=number" hands it a number. What was evaluated is counted: GET /Count.
"""
import json
import os
import socket
import sys
import threading
import time

WARTS = dict(word.partition("=")[::2] for word in sys.argv[1:])
COUNT = {"Evaluate": 0, "InputSizes": 0, "OutputSizes": 0, "Info": 0, "most": 0, "now": 0, "connections": 0}
LOCK = threading.Lock()


def text_of_python(value):
    """A list as Python prints it: nan and inf stand there as words, which is no JSON."""
    return str(value).replace("'", '"')


def sizes():
    return [2, 1], [1, 2]


def model(inputs, config):
    (a, b), (c,) = inputs
    return [[a + 2 * b + config.get("offset", 0)], [a * b, c]]


class Closed(Exception):
    pass


class Conversation(threading.Thread):
    def __init__(self, connection):
        super().__init__(daemon=True)
        self.connection = connection
        self.stream = connection.makefile("rb")

    def run(self):
        with LOCK:
            COUNT["connections"] += 1
        try:
            while self.one():
                pass
        except (OSError, Closed, ValueError):
            pass
        finally:
            self.stream.close()
            self.connection.close()

    def one(self):
        line = self.stream.readline().decode()
        if not line.strip():
            return False
        method, path, _ = line.split()
        headers = {}
        while (header := self.stream.readline().decode().strip()):
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        body = self.stream.read(int(headers.get("content-length", 0)))
        status, kind, answer, more = self.answer(method, path, json.loads(body) if body else {})
        self.reply(status, kind, answer.encode() if isinstance(answer, str) else answer, more)
        return "close" not in WARTS

    def reply(self, status, kind, body, more):
        head = f"HTTP/1.1 {status} Whatever\r\nContent-Type: {kind}\r\n{more}"
        if "until_end" in WARTS:
            self.connection.sendall(head.encode() + b"Connection: close\r\n\r\n" + body)
            raise Closed
        if "chunked" in WARTS:
            self.connection.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
            for at in range(0, len(body), 7):
                part = body[at:at + 7]
                self.connection.sendall(b"%X;note=1\r\n%s\r\n" % (len(part), part))
            self.connection.sendall(b"0\r\nTrailer: yes\r\n\r\n")
            return
        self.connection.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def raw(self, data):
        self.connection.sendall(data)
        raise Closed

    def answer(self, method, path, body):
        with LOCK:
            if path.strip("/") in COUNT:
                COUNT[path.strip("/")] += 1
        if path == "/Count":
            return 200, "application/json", json.dumps(COUNT), ""
        if "old" in WARTS:
            if path == "/GetInputSizes":
                return 200, "application/json", json.dumps({"inputSizes": [3]}), ""
            return 404, "text/html", "<h1>Not Found</h1>", ""
        if path == "/Info":
            if "hung_info" in WARTS:
                time.sleep(3600)
            version = "1.0" if "version_text" in WARTS else float(WARTS.get("version", 1.0))
            return 200, "application/json", json.dumps({"protocolVersion": version, "models": ["forward", "other"]}), ""
        if body.get("name") not in ("forward", "other"):
            return 400, "application/json", json.dumps(
                {"error": {"type": "ModelNotFound", "message": "no such model"}}), ""
        inputs, outputs = sizes()
        if path == "/InputSizes":
            return 200, "text/plain", text_of_python({"inputSizes": inputs}), ""
        if path == "/OutputSizes":
            return 200, "text/plain", text_of_python({"outputSizes": outputs}), ""
        if path == "/Evaluate":
            return self.evaluate(body)
        return 400, "application/json", json.dumps({"error": {"type": "UnsupportedFeature", "message": path}}), ""

    def evaluate(self, body):
        with LOCK:
            COUNT["now"] += 1
            COUNT["most"] = max(COUNT["most"], COUNT["now"])
        try:
            if "lasts" in WARTS:
                time.sleep(float(WARTS["lasts"]))
            return self.evaluated(body)
        finally:
            with LOCK:
                COUNT["now"] -= 1

    def evaluated(self, body):
        if not isinstance(body.get("config"), dict):
            return 500, "text/plain", "config is null", ""
        output = model(body["input"], body["config"])
        good = json.dumps({"output": output})
        broken = self.broken(output, good)
        if broken is not None:
            return broken
        return 200, "application/json", good, ""

    def broken(self, output, good):
        """What a wart makes of the answer; None where it makes nothing of it."""
        huge = b"x" * 200000
        if "once" in WARTS and COUNT["Evaluate"] > int(WARTS["once"] or 1):
            return None
        answers = {
            "bare_nan": (200, "text/plain", text_of_python({"output": [[float("nan")], output[1]]}), ""),
            "bare_inf": (200, "text/plain", '{"output": [[-inf], [Infinity, 1]]}', ""),
            "nan_beside": (200, "text/plain", text_of_python({"output": [output[0], [float("nan"), output[1][1]]]}), ""),
            "null": (200, "application/json", '{"output": [[null], [1, 2]]}', ""),
            "plain": (200, "text/plain", text_of_python({"output": output}), ""),
            "ints": (200, "application/json", '{"output": [[12], [3, 4]]}', ""),
            "text_500": (500, "text/plain", "500 Internal Server Error\n\nServer got itself in trouble", ""),
            "exception_what": (500, "text/plain", "", "EXCEPTION_WHAT: matrix is singular\r\n"),
            "error_200": (200, "application/json", '{"error": {"type": "InvalidOutput", "message": "diverged"}}', ""),
            "error_text": (200, "application/json", '{"error": "it broke"}', ""),
            "busy": (503, "text/plain", "try later", ""),
            "gateway": (504, "text/html", "<h1>504</h1>", ""),
            "redirect": (302, "text/plain", "", "Location: http://169.254.169.254/secret\r\n"),
            "few_vectors": (200, "application/json", '{"output": [[1]]}', ""),
            "long_vector": (200, "application/json", '{"output": [[1, 2], [3, 4]]}', ""),
            "empty_vector": (200, "application/json", '{"output": [[], [3, 4]]}', ""),
            "no_output": (200, "application/json", '{"result": 1}', ""),
            "words": (200, "application/json", '{"output": [["one"], [3, 4]]}', ""),
            "list": (200, "application/json", "[1, 2]", ""),
            "html": (200, "text/html", "<html>login \x1b[2J</html>", ""),
            "empty": (200, "application/json", "", ""),
            "cut_json": (200, "application/json", good[:-4], ""),
            "deep": (200, "application/json", "[" * 1000000, ""),
            "huge_number": (200, "application/json", '{"output": [[1e999], [3, 4]]}', ""),
        }
        for name, answer in answers.items():
            if name in WARTS:
                return answer
        if "dies" in WARTS:
            self.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
            os._exit(1)
        if "vanishes" in WARTS:
            raise Closed
        if "half" in WARTS:
            self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + good.encode())
        if "hangs" in WARTS:
            time.sleep(3600)
        if "drips" in WARTS:
            self.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while True:
                self.connection.sendall(b" ")
                time.sleep(0.05)
        if "endless" in WARTS:
            self.connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            while True:
                self.connection.sendall(huge)
        if "long_status" in WARTS:
            self.raw(b"HTTP/1.1 200 " + huge + b"\r\n\r\n")
        if "long_header" in WARTS:
            self.raw(b"HTTP/1.1 200 OK\r\nX: " + huge + b"\r\n\r\n")
        if "many_headers" in WARTS:
            self.raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100000 + b"\r\n")
        if "huge_length" in WARTS:
            self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n")
        if "negative_length" in WARTS:
            self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n")
        if "two_lengths" in WARTS:
            self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n123456")
        if "huge_chunk" in WARTS:
            self.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n")
        if "bad_chunk" in WARTS:
            self.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}")
        if "not_http" in WARTS:
            self.raw(b"220 mail.example ESMTP\r\n")
        if "zeros" in WARTS:
            self.raw(b"\0" * 5000)
        if "continues" in WARTS:
            self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nX: y\r\n\r\n")
        return None


def main():
    listening = socket.create_server(("127.0.0.1", int(WARTS.get("port", 0))), backlog=128)
    print(listening.getsockname()[1], flush=True)
    while True:
        connection, _ = listening.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Conversation(connection).start()


if __name__ == "__main__":
    main()
