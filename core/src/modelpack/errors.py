"""The errors a caller can expect, each with a hint that says what to do."""

from __future__ import annotations

from typing import ClassVar, Literal


class ModelpackError(Exception):
    """Something the caller can put right; shown without a traceback.

    Attributes:
        message: What is wrong, with the value, and where.
        hint: What to do about it, when there is something to do.
        error_code: The machine-readable name, one of MLflow's where it has one.
    """

    error_code: ClassVar[str] = "INTERNAL_ERROR"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        """Describe what is wrong in `message` and the way out in `hint`."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Both lines, so that a traceback shows the hint as well."""
        return self.message if self.hint is None else f"{self.message}\nhint: {self.hint}"


class InvalidArgumentError(ModelpackError):
    """An argument or option has a value that cannot be used."""

    error_code = "INVALID_PARAMETER_VALUE"


class WrongModelError(InvalidArgumentError):
    """A flavor was given something else to save than the models of its library."""

    def __init__(self, flavor: str, expected: str, model: object) -> None:
        """Say what the flavor expects, such as `a toy.Model`, and what came."""
        is_class = isinstance(model, type)
        came = f"the class {model.__qualname__}" if isinstance(model, type) else f"a {type(model).__qualname__}"
        super().__init__(
            f"the {flavor} flavor saves {expected}, not {came}",
            hint="make an instance of the class and save that" if is_class else None,
        )


class NotFoundError(ModelpackError):
    """A model, file, run or flavor that was asked for is not there."""

    error_code = "RESOURCE_DOES_NOT_EXIST"


class AlreadyExistsError(ModelpackError):
    """The destination exists, and nothing is ever overwritten (S34)."""

    error_code = "RESOURCE_ALREADY_EXISTS"


class InvalidModelError(ModelpackError):
    """The model directory, its `MLmodel` file or one of its paths is malformed."""

    error_code = "INVALID_MODEL"


class IntegrityError(ModelpackError):
    """A file of the model was added, removed or changed after it was saved."""

    error_code = "INTEGRITY_VIOLATION"


class TrustError(ModelpackError):
    """Loading would run code from a model that the caller does not trust."""

    error_code = "PERMISSION_DENIED"


class PluginError(ModelpackError):
    """A plugin is missing, broken, ambiguous or answered something invalid."""

    error_code = "PLUGIN_ERROR"


class MissingDependencyError(ModelpackError):
    """A library that this operation needs is not installed."""

    error_code = "MISSING_DEPENDENCY"


class ModelFailureError(ModelpackError):
    """The model itself failed: its library could not save, load or predict with it."""

    error_code = "MODEL_FAILURE"


class DataFormatError(ModelpackError):
    """Input data cannot be read in the format that it claims to have."""

    error_code = "MALFORMED_REQUEST"


class DataTooLargeError(ModelpackError):
    """Data takes more memory than it may, as it is or once it is read."""

    error_code = "REQUEST_TOO_LARGE"


class UnsupportedMediaTypeError(ModelpackError):
    """No codec reads or writes the media type or file suffix."""

    error_code = "UNSUPPORTED_MEDIA_TYPE"


class SchemaError(ModelpackError):
    """Readable data does not fit the model's signature."""

    error_code = "SCHEMA_MISMATCH"


DeployErrorCode = Literal[
    "rejected",  # before anything was changed: a name, an option, a limit
    "permission_denied",  # by the platform
    "unreachable",  # the platform or the deployment does not answer
    "conflict",  # somebody else is changing this deployment
    "failed",  # the change failed, and nothing serves
    "rolled_back",  # the change failed, and what was there before serves on
    "timeout",  # the change had not settled in time; it may go on
    "not_deployed",  # nothing stands under the name
    "invocation_failed",  # the scoring server refused the request, or failed
    "unsupported",  # the target has no such verb
]


class DeployError(ModelpackError):
    """A target could not do what it was asked.

    Attributes:
        code: What kind of failure it is, for programs.
        left_behind: What was made and is still there, in the platform's own names; mostly nothing.
    """

    error_code = "DEPLOYMENT_FAILED"

    def __init__(
        self, message: str, *, code: DeployErrorCode, left_behind: tuple[str, ...] = (), hint: str | None = None
    ) -> None:
        """Describe what is wrong in `message`; what is left behind is added to it."""
        super().__init__(f"{message}; left behind: {', '.join(left_behind)}" if left_behind else message, hint=hint)
        self.code = code
        self.left_behind = left_behind


class ModelpackWarning(UserWarning):
    """Something worth knowing that does not stop the operation."""
