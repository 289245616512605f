"""The master key in AWS KMS."""

from contextlib import AsyncExitStack
from typing import Any

from app.keys.key_provider import Context, KeyRefused, Wrapped
from domain.kit.sealed import KeysUnavailable

_OF_THE_SERVICE = {
    "DependencyTimeoutException",
    "KMSInternalException",
    "KeyUnavailableException",
    "LimitExceededException",
    "RequestTimeout",
    "ServiceUnavailable",
    "ThrottlingException",
}
"""Answers after which trying again is right."""


class KmsMaster:
    """A symmetric KMS key, named by id, ARN or alias. Credentials and region come from the environment, as for
    every AWS program. The client needs aiobotocore."""

    def __init__(self, key: str, *, url: str | None = None) -> None:
        self._key, self._url = key, url
        self._open = AsyncExitStack()
        # The client is made from AWS's descriptions at run time and has no type.
        self._client: Any = None

    async def current(self) -> str:
        """Return the key's ARN."""
        found = await self._ask("describe_key", KeyId=self._key)
        return str(found["KeyMetadata"]["Arn"])

    async def wrap(self, plain: bytes, context: Context) -> Wrapped:
        found = await self._ask("encrypt", KeyId=self._key, Plaintext=plain, EncryptionContext=dict(context))
        return Wrapped(str(found["KeyId"]), found["CiphertextBlob"])

    async def unwrap(self, wrapped: Wrapped, context: Context) -> bytes:
        found = await self._ask(
            "decrypt",
            KeyId=wrapped.master_key,
            CiphertextBlob=wrapped.data,
            EncryptionContext=dict(context),
        )
        plain: bytes = found["Plaintext"]
        return plain

    async def rotate(self) -> str:
        """Refused: AWS renews the material of a key by itself, and never says which wrapped what."""
        raise KeyRefused(
            "AWS KMS rotates its keys itself. To use another key, set HEADWATER_KEY_ID, then run "
            "`headwater keys rewrap`."
        )

    async def close(self) -> None:
        await self._open.aclose()
        self._client = None

    async def _ask(self, operation: str, **parameters: object) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

        try:
            if self._client is None:
                self._client = await self._connected()
            found: dict[str, Any] = await getattr(self._client, operation)(**parameters)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
            if status >= 500 or code in _OF_THE_SERVICE:
                raise KeysUnavailable(f"AWS KMS answers {code}.") from error
            raise KeyRefused(f"AWS KMS answers {code} to {operation}.") from error
        except (BotoCoreError, OSError, TimeoutError) as error:
            raise KeysUnavailable(f"AWS KMS does not answer: {type(error).__name__}.") from error
        return found

    async def _connected(self) -> Any:
        from aiobotocore.config import AioConfig  # type: ignore[import-untyped]
        from aiobotocore.session import get_session  # type: ignore[import-untyped]

        # Whoever asks tries again in their own time.
        config = AioConfig(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2})
        return await self._open.enter_async_context(
            get_session().create_client("kms", endpoint_url=self._url, config=config)
        )
