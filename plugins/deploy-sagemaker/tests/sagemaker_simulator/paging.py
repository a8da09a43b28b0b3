"""Small pages for what moto lists, so that a client which reads one page alone is found out."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

if TYPE_CHECKING:
    from sagemaker_simulator.calls import Call

_POLICIES = "DescribeScalingPolicies"
"""moto's pages of scalable targets have no end: its token says how long the page is, not where it ends."""


def with_small_pages(environ: dict[str, Any], call: Call, size: int) -> dict[str, Any]:
    """The request, asking for no larger a page than `size`."""
    if call.service == "application-autoscaling" and call.operation == _POLICIES:
        asked = {**call.params, "MaxResults": min(call.params.get("MaxResults", size), size)}
        body = json.dumps(asked).encode()
        return {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    if call.service == "s3" and call.operation == "ListObjectsV2":
        query = dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
        text = urlencode({**query, "max-keys": min(int(query.get("max-keys", size)), size)})
        path = environ["PATH_INFO"]
        return {**environ, "QUERY_STRING": text, "RAW_URI": f"{path}?{text}", "REQUEST_URI": f"{path}?{text}"}
    return environ
