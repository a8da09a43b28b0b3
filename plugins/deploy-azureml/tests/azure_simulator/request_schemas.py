"""The bodies of the REST API that are no part of templates, and so have no schema among Microsoft's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure_simulator.messages import Document

JOB_DATA = ["UriFile", "UriFolder", "MLTable", "MLFlowModel", "CustomModel", "TritonModel", "Literal"]
REQUESTS: dict[tuple[str, str], Document] = {
    ("POST", "getLogs"): {
        "properties": {
            "containerType": {"enum": ["StorageInitializer", "InferenceServer", "ModelDataCollector"]},
            "tail": {"type": "integer"},
        },
        "additionalProperties": False,
    },
    ("POST", "regenerateKeys"): {
        "properties": {"keyType": {"enum": ["Primary", "Secondary"]}, "keyValue": {"type": "string"}},
        "required": ["keyType"],
        "additionalProperties": False,
    },
    ("POST", "startPendingUpload"): {
        "properties": {
            "pendingUploadId": {"type": "string"},
            "pendingUploadType": {"enum": ["None", "TemporaryBlobReference"]},
        },
        "additionalProperties": False,
    },
    ("POST", "jobs"): {
        "properties": {
            "properties": {
                "properties": {
                    "name": {"type": "string", "pattern": "^[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}$"},
                    "inputData": {"type": "object", "additionalProperties": {"$ref": "#/definitions/data"}},
                    "outputData": {"type": "object", "additionalProperties": {"$ref": "#/definitions/data"}},
                    "outputFileName": {"type": "string"},
                    "properties": {"type": "object", "additionalProperties": {"type": "string"}},
                    **{name: {"type": "integer"} for name in ("errorThreshold", "miniBatchSize")},
                    **{name: {"type": "object"} for name in ("compute", "retrySettings", "outputDataset")},
                },
                "additionalProperties": False,
            }
        },
        "required": ["properties"],
        "additionalProperties": False,
        "definitions": {
            "data": {
                "properties": {
                    **{name: {"enum": JOB_DATA} for name in ("jobInputType", "jobOutputType")},
                    **{name: {"type": "string"} for name in ("uri", "mode")},
                    "value": {},
                },
                "additionalProperties": False,
            }
        },
    },
    ("PATCH", "onlineEndpoints"): {
        "properties": {"tags": {"type": "object"}, "identity": {"type": "object"}},
        "additionalProperties": False,
    },
    ("PATCH", "deployments"): {
        "properties": {"tags": {"type": "object"}, "sku": {"type": "object"}, "properties": {"type": "object"}},
        "additionalProperties": False,
    },
    ("PATCH", "batchEndpoints"): {
        "properties": {"tags": {"type": "object"}, "identity": {"type": "object"}, "properties": {"type": "object"}},
        "additionalProperties": False,
    },
}
