"""The demonstration département: real communes and hospitals of the Aude, invented ambulance companies."""

from ops.demo.build import build_demo
from ops.demo.credentials import demo_api_key, demo_password
from ops.demo.model import (
    DemoAccount,
    DemoCompany,
    DemoDepartment,
    DemoFacility,
    DemoSamu,
    DemoSector,
    DemoSite,
    DemoStaff,
    DemoVehicle,
)

__all__ = [
    "DemoAccount",
    "DemoCompany",
    "DemoDepartment",
    "DemoFacility",
    "DemoSamu",
    "DemoSector",
    "DemoSite",
    "DemoStaff",
    "DemoVehicle",
    "build_demo",
    "demo_api_key",
    "demo_password",
]
