from django.contrib import admin

from policies.models import Affinity, Industry, Region, Specialty, SpecialtyCategory


class TableAdmin(admin.ModelAdmin):
    """National tables are read here; `manage.py load_tables` changes them."""

    list_per_page = 100

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Region)
class RegionAdmin(TableAdmin):
    list_display = ["code", "name", "name_en", "level", "parent"]
    list_filter = ["level"]
    list_select_related = ["parent"]
    search_fields = ["code", "name", "name_en", "districts"]


@admin.register(Industry)
class IndustryAdmin(TableAdmin):
    list_display = ["code", "name", "name_en", "section"]
    list_filter = ["section"]
    search_fields = ["code", "name", "name_en", "words"]


@admin.register(SpecialtyCategory)
class SpecialtyCategoryAdmin(TableAdmin):
    list_display = ["code", "name", "name_en"]
    search_fields = ["code", "name", "name_en"]


@admin.register(Specialty)
class SpecialtyAdmin(TableAdmin):
    list_display = ["code", "name", "name_en", "category"]
    list_filter = ["category"]
    list_select_related = ["category"]
    search_fields = ["code", "name", "name_en"]


@admin.register(Affinity)
class AffinityAdmin(TableAdmin):
    list_display = ["category", "industry", "closeness", "since", "until", "source", "confidence"]
    list_filter = ["closeness", "confidence", "category"]
    list_select_related = ["category", "industry"]
    search_fields = ["category__name", "industry__name", "source"]
