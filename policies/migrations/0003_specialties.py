import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("policies", "0002_tables")]

    operations = [
        migrations.CreateModel(
            name="SpecialtyCategory",
            fields=[
                ("name", models.CharField(max_length=40, verbose_name="name")),
                ("name_en", models.CharField(max_length=100, verbose_name="name in English")),
                (
                    "code",
                    models.CharField(
                        db_collation="C", max_length=2, primary_key=True, serialize=False, verbose_name="code"
                    ),
                ),
            ],
            options={
                "verbose_name": "category of specialties",
                "verbose_name_plural": "categories of specialties",
                "ordering": ["code"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^(4[1-9]|5[0-9])$")),
                        name="specialty_category_code_form",
                        violation_error_message="A category's code has two digits, from 41 to 59.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Specialty",
            fields=[
                ("name", models.CharField(max_length=40, verbose_name="name")),
                ("name_en", models.CharField(max_length=100, verbose_name="name in English")),
                (
                    "code",
                    models.CharField(
                        db_collation="C", max_length=7, primary_key=True, serialize=False, verbose_name="code"
                    ),
                ),
                (
                    "category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="specialties",
                        to="policies.specialtycategory",
                        verbose_name="category of specialties",
                    ),
                ),
            ],
            options={
                "verbose_name": "specialty",
                "verbose_name_plural": "specialties",
                "ordering": ["code"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^[45][0-9]{5}K?$")),
                        name="specialty_code_form",
                        violation_error_message=(
                            "A specialty's code has six digits, and a K where the state controls it."
                        ),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("code__startswith", models.F("category"))),
                        name="specialty_code_begins_with_category",
                        violation_error_message="A specialty's code begins with that of its category.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Affinity",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "closeness",
                    models.PositiveSmallIntegerField(
                        choices=[(3, "its own trade"), (2, "close"), (1, "possible")], verbose_name="how close"
                    ),
                ),
                ("since", models.DateField(verbose_name="counts from")),
                ("until", models.DateField(blank=True, null=True, verbose_name="counts until")),
                ("source", models.CharField(max_length=100, verbose_name="source")),
                (
                    "confidence",
                    models.CharField(
                        choices=[("T", "text read"), ("S", "secondary source"), ("O", "to be confirmed")],
                        max_length=1,
                        verbose_name="how sure",
                    ),
                ),
                (
                    "category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="affinities",
                        to="policies.specialtycategory",
                        verbose_name="category of specialties",
                    ),
                ),
                (
                    "industry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="affinities",
                        to="policies.industry",
                        verbose_name="industry",
                    ),
                ),
            ],
            options={
                "verbose_name": "affinity of specialties and industry",
                "verbose_name_plural": "affinities of specialties and industries",
                "ordering": ["category", "-closeness", "industry"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("category", "industry", "since"),
                        name="affinity_once",
                        violation_error_message="This pair stands in the table already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("closeness__in", [1, 2, 3])),
                        name="affinity_closeness_known",
                        violation_error_message="Choose one of the three.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until", None), ("until__gte", models.F("since")), _connector="OR"),
                        name="affinity_ends_after_start",
                        violation_error_message="The last day cannot lie before the first.",
                    ),
                ],
            },
        ),
    ]
