"""A program that speaks to the API, as tests have it."""


class Program:
    """A program that speaks to the API with one person's token."""

    def __init__(self, secret: str) -> None:
        from django.test import Client

        self._client = Client(raise_request_exception=False, SERVER_NAME="localhost")
        self.said = {"HTTP_AUTHORIZATION": f"Bearer {secret}", "HTTP_ACCEPT_LANGUAGE": "en"}

    def get(self, address: str, **said: str):
        """Ask."""
        return self._client.get(f"/api/v1{address}", **self.said, **said)

    def post(self, address: str, told: object, kind: str = "application/json", **said: str):
        """Tell."""
        return self._client.post(f"/api/v1{address}", told, content_type=kind, **self.said, **said)

    def call(self, method: str, address: str):
        """Do something else."""
        return self._client.generic(method, f"/api/v1{address}", **self.said)
