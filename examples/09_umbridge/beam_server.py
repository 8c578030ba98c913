#!/usr/bin/env python3
"""A UM-Bridge 1.0 server of one model, in the standard library alone: a cantilever with a load at its end.

usage: beam_server.py [PORT]        default: 4242; 0: any that is free, which is printed

Model "beam", one input vector: length in m, height and width in mm, load in N; config {"youngs_modulus": GPa}.
Two output vectors: deflection in mm; largest stress in MPa and mass in kg (of steel).
"""
import http.server
import json
import sys


def beam(inputs, config):
    length, height, width, load = inputs[0]
    modulus = 1e3 * config.get("youngs_modulus", 210)  # MPa
    inertia = width * height ** 3 / 12  # mm^4
    deflection = load * (1e3 * length) ** 3 / (3 * modulus * inertia)
    stress = load * 1e3 * length * height / (2 * inertia)
    return [[deflection], [stress, 7850 * length * height * width * 1e-6]]


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, {"protocolVersion": 1.0, "models": ["beam"]})

    def do_POST(self):
        question = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
        if question.get("name") != "beam":
            return self.answer(400, {"error": {"type": "ModelNotFound", "message": "there is one model: beam"}})
        if self.path == "/Evaluate":
            return self.answer(200, {"output": beam(question["input"], question.get("config") or {})})
        answers = {"/InputSizes": {"inputSizes": [4]}, "/OutputSizes": {"outputSizes": [1, 2]},
                   "/ModelInfo": {"support": {"Evaluate": True, "Gradient": False, "ApplyJacobian": False,
                                              "ApplyHessian": False}}}
        if self.path in answers:
            return self.answer(200, answers[self.path])
        return self.answer(400, {"error": {"type": "UnsupportedFeature", "message": self.path}})

    def log_message(self, *words):
        pass


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 4242), Server)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
