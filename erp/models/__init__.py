"""The 56 models of the ERP, one file a business domain."""

from .assets import FixedAsset, Vehicle
from .customers import Customer, CustomerAddress, CustomerContact, CustomerGroup
from .finance import (
    Account,
    CostCenter,
    Currency,
    Invoice,
    InvoiceItem,
    JournalEntry,
    JournalLine,
    Payment,
    PaymentTerm,
    TaxRate,
)
from .hr import Attendance, Employee, LeaveRequest, Position
from .logistics import Carrier, Shipment
from .manufacturing import Machine, MaterialConsumption, ProductionOrder, RoutingOperation, WorkCenter
from .products import BOM, Material, Product, ProductCategory, ProductRevision, UnitOfMeasure
from .purchasing import (
    GoodsReceipt,
    GoodsReceiptItem,
    PurchaseOrder,
    PurchaseOrderItem,
    PurchaseRequest,
    PurchaseRequestItem,
)
from .quality import InspectionMeasurement, NonConformance, QualityInspection
from .sales import (
    PriceList,
    PriceListItem,
    SalesOrder,
    SalesOrderItem,
    SalesQuotation,
    SalesQuotationItem,
    SalesReturn,
)
from .stock import InventoryMovement
from .suppliers import Supplier, SupplierContact, SupplierEvaluation, SupplierMaterial
from .todo import Todo, TodoComment

__all__ = [
    "BOM",
    "Account",
    "Attendance",
    "Carrier",
    "CostCenter",
    "Currency",
    "Customer",
    "CustomerAddress",
    "CustomerContact",
    "CustomerGroup",
    "Employee",
    "FixedAsset",
    "GoodsReceipt",
    "GoodsReceiptItem",
    "InspectionMeasurement",
    "InventoryMovement",
    "Invoice",
    "InvoiceItem",
    "JournalEntry",
    "JournalLine",
    "LeaveRequest",
    "Machine",
    "Material",
    "MaterialConsumption",
    "NonConformance",
    "Payment",
    "PaymentTerm",
    "Position",
    "PriceList",
    "PriceListItem",
    "Product",
    "ProductCategory",
    "ProductRevision",
    "ProductionOrder",
    "PurchaseOrder",
    "PurchaseOrderItem",
    "PurchaseRequest",
    "PurchaseRequestItem",
    "QualityInspection",
    "RoutingOperation",
    "SalesOrder",
    "SalesOrderItem",
    "SalesQuotation",
    "SalesQuotationItem",
    "SalesReturn",
    "Shipment",
    "Supplier",
    "SupplierContact",
    "SupplierEvaluation",
    "SupplierMaterial",
    "TaxRate",
    "Todo",
    "TodoComment",
    "UnitOfMeasure",
    "Vehicle",
    "WorkCenter",
]
