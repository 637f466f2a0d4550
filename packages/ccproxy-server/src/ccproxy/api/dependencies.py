"""What FastAPI routes ask for."""

import httpx
from fastapi import Request

from ccproxy.api.choices import Choices
from ccproxy.api.routing import ModelTable
from ccproxy.config import Settings
from ccproxy.http.pool import HTTPPoolManager
from ccproxy.loader.manager import PluginManager
from ccproxy.services.container import ServiceContainer
from ccproxy.services.profile import ProfileService
from ccproxy.services.request_log import RequestLog


def get_container(request: Request) -> ServiceContainer:
    """Return the gateway's container."""
    container: ServiceContainer = request.app.state.container
    return container


def get_settings(request: Request) -> Settings:
    """Return the effective settings."""
    return get_container(request).get(Settings)


def get_http_client(request: Request) -> httpx.AsyncClient:
    """Return the gateway's one HTTP client."""
    return get_container(request).get(HTTPPoolManager).client


def get_plugins(request: Request) -> PluginManager:
    """Return the owner of the plugins."""
    return get_container(request).get(PluginManager)


def get_choices(request: Request) -> Choices:
    """Return who knows how the providers have fared of late."""
    return get_container(request).get(Choices)


def get_models(request: Request) -> ModelTable:
    """Return the table of providers."""
    return get_container(request).get(ModelTable)


def get_profile_service(request: Request) -> ProfileService:
    """Return who knows the account facts."""
    return get_container(request).get(ProfileService)


def get_request_log(request: Request) -> RequestLog:
    """Return who knows the requests to models."""
    return get_container(request).get(RequestLog)
