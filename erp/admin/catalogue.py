"""Products, materials, bills of materials, routings."""

# ModelAdmin takes no type parameters at run time.
# mypy: disable-error-code="type-arg"

from django.contrib import admin

from erp.models import (
    BOM,
    Material,
    Product,
    ProductCategory,
    ProductRevision,
    RoutingOperation,
    SupplierMaterial,
    UnitOfMeasure,
)


@admin.register(UnitOfMeasure)
class UnitOfMeasureAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "base_unit", "factor"]


@admin.register(ProductCategory)
class ProductCategoryAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "parent"]
    search_fields = ["code", "name"]


class ProductRevisionInline(admin.TabularInline):
    model = ProductRevision
    extra = 0


class RoutingOperationInline(admin.TabularInline):
    model = RoutingOperation
    extra = 0


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "category", "unit", "list_price", "is_active"]
    list_select_related = ["category", "unit"]
    list_filter = ["is_active", "kind", "category"]
    search_fields = ["code", "name", "barcode"]
    inlines = [ProductRevisionInline, RoutingOperationInline]


class SupplierMaterialInline(admin.TabularInline):
    model = SupplierMaterial
    autocomplete_fields = ["supplier"]
    extra = 0


@admin.register(Material)
class MaterialAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "kind", "unit", "preferred_supplier", "standard_cost", "is_active"]
    list_filter = ["kind", "is_active"]
    search_fields = ["code", "name"]
    autocomplete_fields = ["preferred_supplier"]
    inlines = [SupplierMaterialInline]


@admin.register(BOM)
class BOMAdmin(admin.ModelAdmin):
    list_display = ["product", "material", "position", "quantity", "unit", "valid_from", "valid_to"]
    list_select_related = ["product", "material", "unit"]
    search_fields = ["product__code", "product__name", "material__code", "material__name"]
    autocomplete_fields = ["product", "material"]
