"""What can be chosen for a deployment on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr

from modelpack.interfaces import PluginOptions

_NOT_SETTINGS = {"directory", "start_timeout"}
_OF_SERVER = ("workers", "threads", "max_batch", "max_queue", "max_body", "timeout", "grace", "log_format")


class LocalOptions(PluginOptions):
    """What `-o key=value` takes for the target `local`."""

    host: Annotated[str, Field(description="The address to listen on; 0.0.0.0 lets other machines in.")] = "127.0.0.1"
    port: Annotated[
        int, Field(ge=0, le=65_535, description="The port to listen on; 0 finds a free one, and keeps it.")
    ] = 0
    workers: Annotated[int, Field(ge=1, description="How many processes score.")] = 1
    threads: Annotated[
        int | None, Field(ge=0, description="How many threads of a process call the model; the server decides.")
    ] = None
    max_batch: Annotated[int | None, Field(ge=1, description="The most rows to predict together.")] = None
    max_queue: Annotated[int | None, Field(ge=1, description="How many requests may wait in a process.")] = None
    max_body: Annotated[str | None, Field(description="The largest request body, such as 100MB.")] = None
    timeout: Annotated[float, Field(gt=0, description="Seconds until a request is answered with 504.")] = 60.0
    grace: Annotated[float, Field(ge=0, description="Seconds that requests have to finish when a server ends.")] = 30.0
    log_format: Annotated[Literal["text", "json"], Field(description="How the log is written.")] = "text"
    access_log: Annotated[bool, Field(description="Whether each request is logged.")] = True
    key_file: Annotated[
        Path | None, Field(description="Ask for one of the keys in this file, a line each; invoke sends the first.")
    ] = None
    env: Annotated[
        dict[str, SecretStr], Field(description="Further variables of the server's environment; never shown.")
    ] = Field(default_factory=dict)
    start_timeout: Annotated[
        float, Field(gt=0, description="Seconds that a server has to become ready before the change is given up.")
    ] = 300.0
    directory: Annotated[
        Path | None, Field(description="Where deployments are kept; by default in the user's data directory.")
    ] = None

    def settings(self) -> dict[str, Any]:
        """What changes what stands, as plain values; of the environment only the names."""
        settings = self.model_dump(mode="json", exclude=_NOT_SETTINGS)
        if self.key_file is not None:
            settings["key_file"] = str(self.key_file.absolute())
        return settings

    def server_arguments(self) -> list[str]:
        """The settings as arguments of `modelpack serve`."""
        chosen = {name: getattr(self, name) for name in _OF_SERVER}
        arguments = [f"--{name.replace('_', '-')}={value}" for name, value in chosen.items() if value is not None]
        arguments.append("--access-log" if self.access_log else "--no-access-log")
        if self.key_file is not None:
            arguments.append(f"--api-key-file={self.key_file.absolute()}")
        return arguments

    def environment(self) -> dict[str, str]:
        """The further variables, with their values."""
        return {name: value.get_secret_value() for name, value in self.env.items()}
