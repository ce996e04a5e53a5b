"""Briefing."""
from typing import Any
from dashboards.components.context import Context
from dashboards.components.layout import page_head
def page(context: Context) -> Any:
    return [page_head("Briefing", "")]
