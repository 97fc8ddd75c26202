"""Agreements: drafted, read together, amended, brought into force, ended. Signing has a module of its own."""
