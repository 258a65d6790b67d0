"""The tenant's own keys in OpenBao, used with the pod's ServiceAccount token. Standard library only."""

import base64
import http.client
import json
import pathlib
import ssl
import time
import urllib.parse


class KeyServiceError(Exception):
    """Why a key could not be used, without anything that was sent or came back."""


class Keys:
    """Reaches the keys of one tenant: both are named like its namespace, and the token reaches no others."""

    def __init__(self, address: str, ca_file: str, token_file: str, tenant: str, timeout: float = 2.0):
        self.address, self.ca_file, self.token_file = address, ca_file, token_file
        self.tenant, self.timeout = tenant, timeout
        self.token, self.token_ends = "", 0.0

    def seal(self, plain: bytes) -> str:
        """Ciphertext under the tenant's phi key. The standard library has no cipher, so the bytes go to OpenBao; real
        recordings are sealed in the application with a key from `datakey/plaintext/<tenant>`, kept beside them wrapped."""
        return self._use("ringfence-phi/encrypt", {"plaintext": base64.b64encode(plain).decode()})["ciphertext"]

    def open(self, sealed: str) -> bytes:
        return base64.b64decode(self._use("ringfence-phi/decrypt", {"ciphertext": sealed})["plaintext"])

    def blind_index(self, text: str) -> str:
        """The same text gives the same index, so it can be searched for; nobody without the key can compute or undo it."""
        return self._use("ringfence-lookup/hmac", {"input": base64.b64encode(text.encode()).decode()})["hmac"]

    def _use(self, path: str, body: dict) -> dict:
        if time.monotonic() > self.token_ends:
            self._login()
        return self._post(f"{path}/{urllib.parse.quote(self.tenant, safe='')}", body, "data")

    def _login(self) -> None:
        try:
            jwt = pathlib.Path(self.token_file).read_text().strip()  # the kubelet renews the file: read it each time
        except OSError as reason:
            raise KeyServiceError(f"there is no ServiceAccount token ({reason.strerror})") from None
        self.token = ""
        auth = self._post("auth/kubernetes/login", {"role": "ringfence-tenant", "jwt": jwt}, "auth")
        self.token = auth["client_token"]
        self.token_ends = time.monotonic() + auth["lease_duration"] * 0.8  # a batch token cannot be renewed

    def _post(self, path: str, body: dict, part: str) -> dict:
        headers = {"X-Vault-Token": self.token} if self.token else {}
        try:
            url = urllib.parse.urlsplit(self.address)
            if url.scheme != "https" or not url.hostname:
                raise KeyServiceError("the key service's address is not https://host:port")
            # http.client follows no redirect and no proxy, so the token goes to this host only.
            tls = ssl.create_default_context(cafile=self.ca_file)
            connection = http.client.HTTPSConnection(url.hostname, url.port or 8200, timeout=self.timeout, context=tls)
            connection.request("POST", f"/v1/{path}", json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read()
            connection.close()
        except (OSError, ValueError, http.client.HTTPException) as reason:
            raise KeyServiceError(f"the key service is not reachable ({type(reason).__name__})") from None
        if response.status != 200:
            raise KeyServiceError(f"the key service answered {response.status} to {path}")
        try:
            return dict(json.loads(text)[part])
        except (ValueError, TypeError, KeyError):
            raise KeyServiceError(f"the key service's answer to {path} makes no sense") from None
