"""The pages for clinic staff and admins."""

from fastapi import APIRouter

routers: tuple[APIRouter, ...] = ()
"""What `portal.app` mounts at the root."""
