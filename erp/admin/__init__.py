"""The admin of the ERP, by business domain."""

from . import catalogue, finance, operations, partners, people, purchasing, sales

__all__ = ["catalogue", "finance", "operations", "partners", "people", "purchasing", "sales"]
