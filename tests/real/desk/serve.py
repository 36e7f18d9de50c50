"""`python -m tests.real.desk.serve`: the help desk on a free port of loopback, which it prints."""

import os
import sys

from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application

if __name__ == "__main__":
    server = ThreadedWSGIServer(("127.0.0.1", 0), WSGIRequestHandler)
    server.set_app(get_wsgi_application())
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    # What comes after is each call it answers, and the traceback of each it cannot.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    server.serve_forever()
