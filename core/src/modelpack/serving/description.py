"""The routes that tell people and programs what is served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from modelpack.serving.fixed import fixed_json
from modelpack.serving.page.routes import page_routes

if TYPE_CHECKING:
    from typing import Any

    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.serving.settings import ServerSettings


def description_routes(model: PyFuncModel, settings: ServerSettings) -> list[Route]:
    """The pages, `/model` and `/openapi.json`.

    Args:
        model: The loaded model.
        settings: The settings of its server.
    """

    def described() -> dict[str, Any]:
        from modelpack.serving.model_info import model_info  # a server starts without what is asked for rarely

        return model_info(model, settings)

    def document() -> dict[str, Any]:
        from modelpack.serving.openapi.document import openapi_document

        return openapi_document(model, settings)

    return [Route("/model", fixed_json(described)), Route("/openapi.json", fixed_json(document)), *page_routes()]
