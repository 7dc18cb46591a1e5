"""What endpoints ask for, under a name each."""

from typing import Annotated

from fastapi import Depends, Request

from withings_bridge.services import Services


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


TheServices = Annotated[Services, Depends(_services)]
