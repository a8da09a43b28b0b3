"""Container images of the scoring server with one model's environment in them."""

from __future__ import annotations

from modelpack.images.build import BuiltImage, EngineOptions, build_image
from modelpack.images.contents import ImageContents
from modelpack.images.context import BuildContext, write_build_context
from modelpack.images.daemonless import DaemonlessImage, build_daemonless, build_model_daemonless
from modelpack.images.describing import image_contents
from modelpack.images.engines import BuildError
from modelpack.images.oci.delivery import Delivery
from modelpack.images.options import ImageOptions

__all__ = [
    "BuildContext",
    "BuildError",
    "BuiltImage",
    "DaemonlessImage",
    "Delivery",
    "EngineOptions",
    "ImageContents",
    "ImageOptions",
    "build_daemonless",
    "build_image",
    "build_model_daemonless",
    "image_contents",
    "write_build_context",
]
