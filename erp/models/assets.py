"""Things we own and write off."""

from django.db import models

from context7.core.models import CodedRecord


class FixedAsset(CodedRecord):
    """An asset of the register."""

    department = models.ForeignKey("core.Department", on_delete=models.SET_NULL, null=True, blank=True)
    custodian = models.ForeignKey(
        "erp.Employee", on_delete=models.SET_NULL, null=True, blank=True, related_name="assets"
    )
    serial_number = models.CharField(max_length=40, db_index=True)
    acquired_on = models.DateField()
    acquisition_cost = models.DecimalField(max_digits=14, decimal_places=2)
    useful_life_months = models.PositiveSmallIntegerField(default=60)


class Vehicle(FixedAsset):
    """An asset that drives."""

    licence_plate = models.CharField(max_length=12, unique=True)
    odometer_km = models.PositiveIntegerField(default=0)

    class Meta:
        # Not inherited: the columns of the asset's constraints live in its own table.
        constraints = [
            models.CheckConstraint(condition=models.Q(odometer_km__lte=5_000_000), name="ck_vehicle_odometer")
        ]
