"""`modelpack serve`: a model behind HTTP."""

from __future__ import annotations

from modelpack.cli import serve_options as options
from modelpack.cli.options import (
    ModelArgument,
    ModelOption,
    PolicyChoice,
    PolicyOption,
    TrustOption,
    chosen_model,
    chosen_trust,
)
from modelpack.cli.output import notice


def serve(  # noqa: PLR0913 - each is one option of the command
    model: ModelArgument = None,
    option: ModelOption = None,
    *,
    host: options.HostOption = "127.0.0.1",
    port: options.PortOption = 5000,
    socket: options.SocketOption = None,
    flavor: options.FlavorOption = None,
    workers: options.WorkersOption = 1,
    threads: options.ThreadsOption = None,
    max_batch: options.MaxBatchOption = 1024,
    max_delay_ms: options.MaxDelayOption = 0.0,
    max_queue: options.MaxQueueOption = 256,
    max_body: options.MaxBodyOption = "100MB",
    timeout: options.TimeoutOption = 60.0,
    grace: options.GraceOption = 30.0,
    name: options.NameOption = None,
    api_key_file: options.ApiKeyFileOption = None,
    tls_certificate: options.CertificateOption = None,
    tls_key: options.KeyOption = None,
    log_format: options.LogFormatOption = options.LogFormatChoice.text,
    access_log: options.AccessLogOption = True,
    no_warm_up: options.NoWarmUpOption = False,
    protocol: options.ProtocolOption = options.ProtocolChoice.modelpack,
    trust: TrustOption = None,
    policy: PolicyOption = PolicyChoice.safe,
    env_manager: options.EnvManagerOption = options.EnvManagerChoice.local,
    debug: options.DebugOption = False,
) -> None:
    """Serve a model over HTTP until it is told to stop: POST /invocations takes JSON, CSV, Parquet and Arrow."""
    from modelpack.pyfunc.source import ModelSource
    from modelpack.serving.processes.run import serve
    from modelpack.serving.settings import ServerSettings, parse_size

    uri = chosen_model(model, option)
    options.check_env_manager(env_manager)
    given = {} if threads is None else {"threads": threads}
    settings = ServerSettings(
        host=host,
        port=port,
        socket=socket,
        tls_certificate=tls_certificate,
        tls_key=tls_key,
        api_key_file=api_key_file,
        workers=workers,
        loop_calls=threads is None,
        max_batch=max_batch,
        max_delay=max_delay_ms / 1000,
        max_queue=max_queue,
        max_body=parse_size(max_body),
        timeout=timeout,
        grace=grace,
        warm_up=not no_warm_up,
        model_name=name,
        protocol=protocol.value,
        log_format=log_format.value,
        access_log=access_log,
        debug=debug,
        **given,
    )
    source = ModelSource(uri=uri, flavor=flavor, trust=chosen_trust(trust), policy=policy.value)
    serve(source, settings, notice)
