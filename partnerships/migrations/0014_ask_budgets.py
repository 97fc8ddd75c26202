from django.db import migrations

#: Tier -> (at most so many, within so many days): the fourth department of a fortnight waits.
BUDGETS = {1: (4, 14), 2: (3, 14), 3: (2, 14)}


def fill(apps, schema_editor):
    budget = apps.get_model("partnerships", "AskBudget")
    budget.objects.bulk_create(budget(tier=tier, most=most, days=days) for tier, (most, days) in BUDGETS.items())


class Migration(migrations.Migration):
    dependencies = [("partnerships", "0013_needs_and_asks")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
