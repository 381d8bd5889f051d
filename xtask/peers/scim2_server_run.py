"""Serves scim2-server from memory on a free port, and says where; every request goes to the file named, a line each."""

import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

from scim2_models import ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.service import ScimService
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME, BearerTokenApplication
from scim2_server.testserver.cli import ThreadingWSGIServer
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

requests = open(sys.argv[1], "w", buffering=1)


class Handler(WSGIRequestHandler):
    def log_request(self, code="-", size="-"):
        requests.write(f"{self.command} {self.path} {code}\n")


config = load_default_service_provider_config()
config.authentication_schemes = [BEARER_TOKEN_SCHEME]
provider = ScimProvider.from_discovery(
    load_default_schemas().values(), load_default_resource_types().values(), config=config
)
service = ScimService(provider, secret="of no worth")
application = BearerTokenApplication(InMemoryStorage(), provider, service=service, bearer_tokens=["t0ken"])
with make_server("127.0.0.1", 0, application, server_class=ThreadingWSGIServer, handler_class=Handler) as server:
    print(f"listening on http://127.0.0.1:{server.server_port}/v2", flush=True)
    server.serve_forever()
