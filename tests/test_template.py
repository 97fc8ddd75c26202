"""The migrated database that those of the tests are copied from is never older than the migrations."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.template import PREFIX, digest_of


@pytest.fixture
def files(tmp_path):
    (tmp_path / "0001_initial.py").write_text("one")
    (tmp_path / "0002_more.py").write_text("two")
    return sorted(tmp_path.iterdir())


def test_the_same_migrations_share_one(files):
    assert digest_of(files) == digest_of(reversed(files))


@pytest.mark.parametrize(
    "change",
    [
        lambda first, second: second.write_text("too"),
        lambda first, second: second.rename(second.with_name("0003_more.py")),
        lambda first, second: (first.write_text("onet"), second.write_text("wo")),
        lambda first, second: second.unlink(),
    ],
    ids=["edited", "renamed", "moved", "removed"],
)
def test_a_change_asks_for_a_new_one(files, change):
    before = digest_of(files)
    change(*files)
    assert digest_of(files[0].parent.iterdir()) != before


@pytest.mark.django_db
def test_the_copy_is_complete():
    assert connection.settings_dict["TEST"]["TEMPLATE"].startswith(PREFIX)
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []
