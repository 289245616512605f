"""The API for operators."""

from api.operations import nodes, views

ROOTS: tuple[type, ...] = (views.Query, nodes.Query)
