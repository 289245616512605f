"""Why somebody is not let in. The words are the same whatever was wrong, so that they tell an attacker nothing."""

from domain.kit.refusals import Refusal


class SignInRefused(Refusal):
    """The e-mail address or the password is wrong."""


class CodeRefused(Refusal):
    """The code is wrong or was used before; sign in again."""


class RefreshRefused(Refusal):
    """This refresh token is not valid, or no longer valid; sign in again."""


class ProviderRefused(Refusal):
    """The provider did not say who you are: {reason}."""


class NotInTenant(Refusal):
    """You do not belong to this tenant."""


class TooManyAttempts(Refusal):
    """There were too many attempts; try again in {retry_after} seconds."""


class ProofNeeded(Refusal):
    """This account has no password: request a link to set one, or sign in again with your provider."""


class PasswordTooWeak(Refusal):
    """A password has 10 to 200 characters, not only blanks, and is not your e-mail address."""


class PasswordsBusy(Refusal):
    """Too many people are signing in at the moment; try again in {retry_after} seconds."""
