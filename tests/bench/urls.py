"""The addresses of the product, and the yard-stick: the same 50 rows by raw SQL and string, behind the same middleware."""

from django.db import connection
from django.http import HttpResponse
from django.urls import path
from django.utils.html import escape

from config.urls import *  # noqa: F403 - the handlers of refusals too
from config.urls import urlpatterns

ROWS = """
    SELECT enterprise.id, enterprise.name, enterprise.uscc, enterprise.state, enterprise.tier, region.name,
           industry.name, department.name, person.name, enterprise.last_contact_at
    FROM partnerships_enterprise enterprise
    LEFT JOIN policies_region region ON region.code = enterprise.region_id
    LEFT JOIN policies_industry industry ON industry.code = enterprise.industry_id
    LEFT JOIN accounts_department department ON department.id = enterprise.lead_department_id
    LEFT JOIN accounts_user person ON person.id = enterprise.owner_id
    WHERE enterprise.merged_into_id IS NULL
    ORDER BY enterprise.sort_key, enterprise.id LIMIT 50
"""


def yardstick(request):
    with connection.cursor() as cursor:
        cursor.execute(ROWS)
        lines = [
            f'<tr><td><a href="/partners/{row[0]}/">{escape(row[1])}</a></td>'
            + "".join(f"<td>{escape(value)}</td>" for value in row[2:])
            + "</tr>"
            for row in cursor.fetchall()
        ]
    return HttpResponse(f"<!DOCTYPE html><html><body><table>{''.join(lines)}</table></body></html>")


urlpatterns = [*urlpatterns, path("bench/yardstick/", yardstick)]
