"""What every test may count on: a database, and the guards of tests/guards.py."""

import gc
import shutil

import pytest
from django.conf import settings
from django.db import connection

from tests.cast import cast, signed_in
from tests.cluster import SharedCluster
from tests.guards import guarded_client, no_network, no_undefined_variables
from tests.template import migrated_template

__all__ = ["cast", "signed_in", "guarded_client", "no_network", "no_undefined_variables"]  # found here by every test


def pytest_configure(config):
    if not hasattr(config, "workerinput"):  # xdist's workers use the controller's cluster
        config.cluster = SharedCluster(settings.TEST_VAR_DIR)
        config.cluster.join()


def pytest_unconfigure(config):
    if hasattr(config, "cluster"):
        config.cluster.leave()
    shutil.rmtree(settings.VAR_DIR, ignore_errors=True)


def pytest_collection():
    """Loading the tests makes objects that stay: the collector would look through them all again and again."""
    gc.disable()


def pytest_collection_finish():
    gc.freeze()  # nor does it later
    gc.enable()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, django_db_blocker):
    """pytest-django creates each worker's database from this template."""
    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["TEMPLATE"] = migrated_template()


@pytest.fixture(autouse=True)
def _clean_cache():
    """Rate limits count in the cache: no test inherits another's."""
    from django.core.cache import cache

    cache.clear()
