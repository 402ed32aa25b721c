"""What we make and what we make it of: products, materials, bills of materials."""

from django.conf import settings
from django.db import models

from context7.core.models import Audited, CodedRecord, CompanyRecord


class UnitOfMeasure(models.Model):
    """A unit, and how it converts to its base unit."""

    code = models.CharField(max_length=8, unique=True)
    name = models.CharField(max_length=40)
    base_unit = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="derived_units")
    factor = models.DecimalField(max_digits=14, decimal_places=6, default=1)

    class Meta:
        ordering = ["code"]
        verbose_name_plural = "units of measure"

    def __str__(self) -> str:
        return self.code


class ProductCategory(CodedRecord):
    """A node of the category tree, for products and materials alike."""

    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="children")

    class Meta(CodedRecord.Meta):
        verbose_name_plural = "product categories"


class ProductQuerySet(models.QuerySet["Product"]):
    """Questions the team asks about products."""

    def active(self) -> "ProductQuerySet":
        return self.filter(is_active=True)

    def with_details(self) -> "ProductQuerySet":
        return self.select_related("category", "unit")


class Product(CodedRecord, Audited):
    """Something we sell."""

    class Kind(models.TextChoices):
        FINISHED = "finished", "Finished good"
        SEMI = "semi", "Semi-finished"
        SERVICE = "service", "Service"

    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.FINISHED)
    category = models.ForeignKey(ProductCategory, on_delete=models.PROTECT, related_name="products")
    unit = models.ForeignKey(UnitOfMeasure, on_delete=models.PROTECT)
    description = models.TextField(blank=True)
    barcode = models.CharField(max_length=14, unique=True)
    list_price = models.DecimalField(max_digits=14, decimal_places=2)
    standard_cost = models.DecimalField(max_digits=14, decimal_places=2)
    weight_kg = models.DecimalField(max_digits=10, decimal_places=3, default=0)
    lead_time_days = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    objects = ProductQuerySet.as_manager()

    class Meta(CodedRecord.Meta):
        indexes = [
            models.Index(fields=["is_active"], name="idx_product_is_active"),
            models.Index(fields=["name"], name="idx_product_name"),
        ]


class ProductRevision(models.Model):
    """An engineering change of a product."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, db_index=False, related_name="revisions")
    revision = models.CharField(max_length=4)
    change_note = models.TextField(blank=True)
    released_on = models.DateField(db_index=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "revision"], name="uq_productrevision_revision")]

    def __str__(self) -> str:
        return f"{self.product_id} rev. {self.revision}"


class Material(CodedRecord, Audited):
    """Something we buy and use up."""

    class Kind(models.TextChoices):
        RAW = "raw", "Raw material"
        PURCHASED = "purchased", "Purchased part"
        CONSUMABLE = "consumable", "Consumable"
        PACKAGING = "packaging", "Packaging"

    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.RAW)
    category = models.ForeignKey(ProductCategory, on_delete=models.PROTECT, related_name="materials")
    unit = models.ForeignKey(UnitOfMeasure, on_delete=models.PROTECT)
    preferred_supplier = models.ForeignKey(
        "erp.Supplier", on_delete=models.SET_NULL, null=True, blank=True, related_name="preferred_for"
    )
    suppliers = models.ManyToManyField("erp.Supplier", through="erp.SupplierMaterial", related_name="materials")
    standard_cost = models.DecimalField(max_digits=14, decimal_places=4)
    safety_stock = models.DecimalField(max_digits=14, decimal_places=3, default=0)
    is_active = models.BooleanField(default=True)

    class Meta(CodedRecord.Meta):
        indexes = [models.Index(fields=["name"], name="idx_material_name")]


class BOM(CompanyRecord):
    """One line of a bill of materials: so much of a material goes into a product."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="bom_lines")
    material = models.ForeignKey(Material, on_delete=models.PROTECT, related_name="bom_lines")
    unit = models.ForeignKey(UnitOfMeasure, on_delete=models.PROTECT)
    position = models.PositiveSmallIntegerField()
    quantity = models.DecimalField(max_digits=14, decimal_places=4)
    scrap_percent = models.DecimalField(max_digits=5, decimal_places=2, default=0)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(quantity__gt=0), name="ck_bom_quantity")]
        verbose_name = "BOM line"

    def __str__(self) -> str:
        return f"{self.product_id} uses {self.quantity} of {self.material_id}"
